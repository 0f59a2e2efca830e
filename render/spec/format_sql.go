package spec

import (
	"fmt"
	"strings"
)

// checkQuery reads SQL as far as that takes no server: where quotes and comments end, and how statements begin.
func checkQuery(s string) *violation {
	q := sqlReader{rest: s}
	statements, start := 0, true
	for q.skipBlank(); q.rest != "" && q.open == ""; q.skipBlank() {
		if q.rest[0] == ';' {
			q.rest, start = q.rest[1:], true
			continue
		}
		token := q.token()
		if !start {
			continue
		}
		start = false
		statements++
		switch word := strings.ToUpper(token); word {
		case `\`:
			return &violation{codeQuery, "backslash commands belong to psql", "the query is sent to the server as it stands", "write the SQL that the command stands for"}
		case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
			return &violation{codeQuery, fmt.Sprintf("%s ends or begins a transaction", word), "the query runs in a transaction of its own, which is read-only", "take the statement out"}
		}
	}
	switch {
	case q.open != "":
		return &violation{codeQuery, fmt.Sprintf("the query ends inside %s", q.open), "the server would refuse it at the first drill", "close it"}
	case statements > 1:
		return &violation{codeQuery, fmt.Sprintf("these are %d statements", statements), "a check has one answer", "make one of them, or more checks"}
	case statements == 0:
		return &violation{codeQuery, "there is no statement in it", "an empty query passes whatever was restored", "write it like select count(*) from orders"}
	}
	return nil
}

// sqlReader cuts SQL into pieces.
type sqlReader struct {
	rest string
	open string // what does not end, in words
}

// skipBlank skips spaces and comments. Comments of the second kind nest.
func (q *sqlReader) skipBlank() {
	for {
		q.rest = strings.TrimLeft(q.rest, " \t\r\n\f\v")
		switch {
		case strings.HasPrefix(q.rest, "--"):
			_, q.rest, _ = strings.Cut(q.rest, "\n")
		case strings.HasPrefix(q.rest, "/*"):
			q.comment()
		default:
			return
		}
	}
}

// comment takes one comment with those inside it.
func (q *sqlReader) comment() {
	for i, depth := 2, 1; i+1 < len(q.rest); i++ {
		switch q.rest[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			q.rest = q.rest[i+1:]
			return
		}
	}
	q.open, q.rest = "a comment", ""
}

// token takes the next word, text or character.
func (q *sqlReader) token() string {
	switch c := q.rest[0]; {
	case c == '\'':
		return q.quoted('\'', false)
	case c == '"':
		return q.quoted('"', false)
	case (c == 'e' || c == 'E') && strings.HasPrefix(q.rest[1:], "'"):
		q.rest = q.rest[1:]
		return q.quoted('\'', true)
	case c == '$':
		return q.dollar()
	case !sqlWord(c):
		q.rest = q.rest[1:]
		return string(c)
	}
	end := 0
	for end < len(q.rest) && (sqlWord(q.rest[end]) || q.rest[end] == '$') {
		end++
	}
	word := q.rest[:end]
	q.rest = q.rest[end:]
	return word
}

// quoted takes a text between quotes. A quote inside is doubled, or has a backslash before it where those count.
func (q *sqlReader) quoted(quote byte, backslash bool) string {
	for i := 1; i < len(q.rest); i++ {
		switch {
		case backslash && q.rest[i] == '\\':
			i++
		case q.rest[i] == quote && i+1 < len(q.rest) && q.rest[i+1] == quote:
			i++
		case q.rest[i] == quote:
			text := q.rest[:i+1]
			q.rest = q.rest[i+1:]
			return text
		}
	}
	q.open, q.rest = "quotes", ""
	return ""
}

// dollar takes a text between dollar quotes, or the number of a parameter.
func (q *sqlReader) dollar() string {
	end := 1
	for end < len(q.rest) && sqlWord(q.rest[end]) {
		end++
	}
	if end == len(q.rest) || q.rest[end] != '$' || end > 1 && q.rest[1] >= '0' && q.rest[1] <= '9' {
		q.rest = q.rest[1:]
		return "$"
	}
	tag := q.rest[:end+1]
	body, rest, closed := strings.Cut(q.rest[end+1:], tag)
	if !closed {
		q.open = "dollar quotes"
	}
	q.rest = rest
	return tag + body + tag
}

func sqlWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}
