package fault

// All is the catalogue, in the order of the table.
func All() []Fault {
	return []Fault{killPostmaster()}
}
