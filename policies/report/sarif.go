package report

import (
	"net/url"
	"strings"

	"github.com/onggi-db/onggi/policies"
)

type object = map[string]any

// sarif is a log of version 2.1.0 with one run: every rule, and a result for each finding. A waived finding is a result with
// an accepted suppression.
func sarif(findings []policies.Finding) any {
	rules := []any{}
	index := make(map[string]int)
	for i, p := range policies.Builtin() {
		index[p.ID] = i
		rules = append(rules, object{
			"id":                   p.ID,
			"shortDescription":     object{"text": p.Title},
			"fullDescription":      object{"text": p.Why},
			"help":                 object{"text": p.Fix},
			"defaultConfiguration": object{"level": sarifLevel(p.Level)},
		})
	}
	results := []any{}
	for _, f := range findings {
		result := object{
			"ruleId":  f.Policy,
			"level":   sarifLevel(f.Level),
			"message": object{"text": strings.TrimSpace(f.Message + "\n" + f.Fix)},
		}
		if i, known := index[f.Policy]; known {
			result["ruleIndex"] = i
		}
		location := object{}
		if w := where(f); w != "" {
			location["logicalLocations"] = []any{object{"fullyQualifiedName": w, "kind": "resource"}}
		}
		if file, line, column := position(f.Origin); line > 0 {
			region := object{"startLine": line}
			if column > 0 {
				region["startColumn"] = column
			}
			location["physicalLocation"] = object{"artifactLocation": object{"uri": (&url.URL{Path: file}).String()}, "region": region}
		}
		if len(location) > 0 {
			result["locations"] = []any{location}
		}
		if f.Waived != "" {
			result["suppressions"] = []any{object{"kind": "external", "status": "accepted", "justification": f.Waived}}
		}
		results = append(results, result)
	}
	return object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{object{
			"tool":       object{"driver": object{"name": "onggi", "informationUri": "https://github.com/onggi-db/onggi", "rules": rules}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	}
}

func sarifLevel(l policies.Level) string {
	switch l {
	case policies.Error:
		return "error"
	case policies.Warning:
		return "warning"
	}
	return "note"
}
