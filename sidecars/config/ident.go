package config

import (
	"errors"
	"fmt"
	"strings"
)

// IdentMap is the map of pg_ident.conf that is the agent's.
const IdentMap = "onggi"

// CheckIdent tells what is wrong with a line of pg_ident.conf: a map, a name that the client has outside, and the role that it may be. Names with
// spaces stand in quotes; a comment or an empty line is right too.
func CheckIdent(line string) error {
	if strings.ContainsAny(line, "\x00\r\n") || strings.HasSuffix(line, `\`) {
		return fmt.Errorf("%q is not one line", line)
	}
	fields, err := identFields(line)
	switch {
	case err != nil:
		return fmt.Errorf("%q: %w", line, err)
	case len(fields) == 0:
		return nil
	case fields[0] == IdentMap:
		return fmt.Errorf("the map %s is the agent's", IdentMap)
	case len(fields) != 3:
		return fmt.Errorf("%q has %d fields instead of 3: a map, a name outside, a role", line, len(fields))
	}
	return nil
}

// identFields splits a line as the server does: at spaces that are not in quotes, up to a #. A comma outside of quotes would make a list, which the
// server refuses here.
func identFields(line string) ([]string, error) {
	var fields []string
	var field strings.Builder
	within, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"' && quoted && i+1 < len(line) && line[i+1] == '"':
			field.WriteByte('"')
			i++
		case c == '"':
			quoted, within = !quoted, true
		case quoted:
			field.WriteByte(c)
		case c == '#':
			i = len(line)
		case c == ',':
			return nil, errors.New("a comma stands in quotes, or not at all")
		case c == ' ' || c == '\t':
			if within {
				fields = append(fields, field.String())
				field.Reset()
			}
			within = false
		default:
			field.WriteByte(c)
			within = true
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	if within {
		fields = append(fields, field.String())
	}
	return fields, nil
}
