package archtest

import (
	"go/ast"
	"go/token"
)

// checkPairs holds the calls of manifest.Of to what the compiler would hold a mapping to. That each key has a value, staticcheck sees.
func (s *source) checkPairs(call *ast.CallExpr) {
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fn.Sel.Name != "Of" || call.Ellipsis.IsValid() {
		return
	}
	if pkg, ok := fn.X.(*ast.Ident); !ok || pkg.Name != "manifest" {
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(call.Args); i += 2 {
		switch key := call.Args[i].(type) {
		case *ast.BasicLit:
			if key.Kind != token.STRING {
				s.bad(key.Pos(), "%s is no key: manifest.Of wants keys and values in turn", key.Value)
			}
			if seen[key.Value] {
				s.bad(key.Pos(), "the key %s stands twice", key.Value)
			}
			seen[key.Value] = true
		case *ast.CompositeLit, *ast.FuncLit:
			s.bad(key.Pos(), "this is no key: manifest.Of wants keys and values in turn")
		}
	}
}
