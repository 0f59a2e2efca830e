package node

import "fmt"

// Fault is the class of an error, for those who number them.
type Fault uint8

// The faults.
const (
	BadSyntax    Fault = iota + 1 // not YAML
	BadTab                        // a tab where YAML wants spaces
	BadIndent                     // a line that belongs to no block
	Unclosed                      // a quote or bracket without its end
	DuplicateKey                  // the same key twice in one mapping
	MergeKey                      // <<
	BadAlias                      // an alias to nothing, to itself, or to too much
	BadTag                        // a tag or a directive
	BadKey                        // a key that is not a plain name
	BadEncoding                   // bytes that are not UTF-8 text
	TooDeep                       // more than MaxDepth levels
)

// Error is one thing wrong with the text of a file.
type Error struct {
	Fault     Fault
	File      *File
	Line, Col int32 // counted from 1
	Width     int   // characters to underline
	Message   string
	Why, Fix  string // Why may be empty
}

// Error is the short form; whoever has the text shows the line too.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File.Name, e.Line, e.Col, e.Message)
}
