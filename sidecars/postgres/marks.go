package postgres

// readMark etc.
type mark struct {
	Work string `json:"work"`
}

func (s *Server) readMark() (*mark, error)  { return nil, nil }
func (s *Server) beside() string            { return s.Paths.Data + ".new" }
func (s *Server) isRejected(...string) bool { return false }
func checkSlotName(string) error            { return nil }
