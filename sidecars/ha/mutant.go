package ha

import "slices"

// mutant is a known mistake that is put into a core to see that the simulator finds it. None is what ships.
type mutant uint8

const (
	noMutant mutant = iota
	countsFromAnswer
	forgetsItsFlights
	countsUnknownAsDone
	asksOnlyWhoAnswers
	anyInstance
	foreverAlone
	permitsWhatItMayLose
	forgetsWhatItPromised
	remembersNoPromise
	grantsAfterVoting
	votesAtOnce
	votesWhileReceiving
	takesAtOnceWhereNone
	takesWithoutVotes
	takesStaleRecord
	takesByTheNewerRecord
	electsWhoCascaded
	relaxesFirst
	tightensUnconfirmed
	changesTwoAtATime
	countsStrangersByName
	renewsWhileSick
	reopensUngated
	releasesBeforeTheEnd
	copiesFromFormerTerms
	copiesForEver
	newStampForEachTry
	barsWhoWasNamedOver
	demotesOnUnknown
	forcesUnasked
	forcesForEver
	startsAsPublished
	waitsForLostLog
	takesSilenceForLoss
	takesAnySegment
	believesOldRefusals
	keepsItsUpstream
	stampsAnothersClaim
	countsWhatItPassedOn
	leadsAloneWhileAsked
	leadsAloneAsItWakes
)

var mutantNames = [...]string{"", "counts from the answer", "forgets its writes under way", "counts an unknown outcome as done", "asks only who answers", "any instance",
	"an hour where it is alone", "a permit while its record may be given away", "grants without a promise", "a new process has promised nothing", "grants after voting",
	"votes at once", "votes while it receives", "takes at once where there is no record", "takes without votes", "takes what has just changed", "believes a restored record",
	"elects who only cascaded", "relaxes commits before it publishes", "publishes before it is confirmed", "changes two things at a time", "counts a stranger of the same name",
	"renews while it cannot write", "opens at once after a crash", "releases before the last process is gone", "copies from a former term", "copies for ever",
	"a new stamp for each try", "bars who was named over", "gives up on an unknown outcome",
	"is forced unasked", "is forced for ever", "starts by what is published alone",
	"waits for a lost log for ever", "takes silence for a lost log",
	"takes any segment for the same", "believes an old refusal", "keeps to its upstream while it replays",
	"stamps another's claim", "counts what was passed on for the holder's own", "leads alone while it is asked whether it lives", "leads alone as it wakes"}

// Mutants lists the mistakes that Mutate can put in.
func Mutants() []string { return mutantNames[1:] }

// Mutate gives a state that decides with a known mistake. It is for tests of tests.
func Mutate(s State, name string) State {
	if i := slices.Index(mutantNames[:], name); i > 0 {
		s.mutant = mutant(i)
	}
	return s
}
