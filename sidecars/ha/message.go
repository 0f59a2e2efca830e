package ha

// Kind of a message between members.
type Kind uint8

// The kinds. Beat and Poll are asked, Grant and Vote are the answers. Hello tells the holder of a member that it does not know.
const (
	Beat Kind = iota + 1
	Grant
	Poll
	Vote
	Hello
)

func (k Kind) String() string {
	return [...]string{"none", "beat", "grant", "poll", "vote", "hello"}[k]
}

// Message of one member to another.
type Message struct {
	Kind     Kind   `json:"kind"`
	From     string `json:"from"`
	To       string `json:"to"`
	Seq      uint64 `json:"seq"`
	Term     uint64 `json:"term"`
	Instance string `json:"instance,omitempty"` // of the holder that beats
	Version  string `json:"version,omitempty"`  // of the record that a poll is for
	// Proof tells voters that the instance of the record is dead, so that their promises to it are void.
	Proof bool `json:"proof,omitempty"`
	// Led is the term in which the one that polls held the record, if nobody that it knows of held it after.
	Led uint64 `json:"led,omitempty"`
	// Yes is a grant, or a vote.
	Yes bool `json:"yes,omitempty"`
	// Why not.
	Why    string `json:"why,omitempty"`
	Report Report `json:"report"`
	// Restart is the name of the one replica that may restart now.
	Restart string `json:"restart,omitempty"`
}

// Report is what a member says of itself.
type Report struct {
	Member   Member   `json:"member"`
	Instance string   `json:"instance,omitempty"`
	At       Position `json:"at"`
	// Streaming tells that it follows the sender's idea of the holder, of term Under.
	Streaming bool   `json:"streaming,omitempty"`
	Under     uint64 `json:"under,omitempty"`
	// Open: a primary that takes writes, or what passes for one in a standby cluster.
	Open     bool   `json:"open,omitempty"`
	Cordoned bool   `json:"cordoned,omitempty"`
	Barred   bool   `json:"barred,omitempty"` // nofailover, or leaving, or out of room
	Updated  bool   `json:"updated,omitempty"`
	Pending  bool   `json:"pending,omitempty"` // waits for a restart
	Config   string `json:"config,omitempty"`  // the revision of the file that it runs by
	Leaving  bool   `json:"leaving,omitempty"` // scaled down
	Priority int    `json:"priority,omitempty"`
	Phase    string `json:"phase,omitempty"`
	Copying  bool   `json:"copying,omitempty"` // or rewinding
	Failing  bool   `json:"failing,omitempty"` // the server was started last, and is down
}
