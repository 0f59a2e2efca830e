package archtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// What fits a screen, and what fits a sitting.
const (
	MaxFuncLines = 60
	MaxFileLines = 400
)

// Source returns what is wrong with the files of one package, by name: one sentence, with the position, for each thing. rel is
// the package's folder in the repository. Generated files are exempt.
func Source(rel string, files map[string][]byte) ([]string, error) {
	s := source{fset: token.NewFileSet(), pure: isPure(rel)}
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := parser.ParseFile(s.fset, rel+"/"+name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse: %w", err)
		}
		parsed = append(parsed, file)
	}
	s.resolve(rel, parsed)
	for _, file := range parsed {
		if !ast.IsGenerated(file) {
			s.checkFile(file)
		}
	}
	return s.problems, nil
}

type source struct {
	fset     *token.FileSet
	pure     bool
	pkg      *types.Package
	uses     map[*ast.Ident]types.Object
	problems []string
}

// resolve finds what each name stands for. Imports are left unresolved, and the errors that this makes are of no interest: what
// the package declares itself is enough.
func (s *source) resolve(rel string, files []*ast.File) {
	s.uses = map[*ast.Ident]types.Object{}
	conf := types.Config{Importer: noImporter{}, Error: func(error) {}}
	s.pkg, _ = conf.Check(rel, s.fset, files, &types.Info{Uses: s.uses})
}

type noImporter struct{}

func (noImporter) Import(string) (*types.Package, error) { return nil, errors.New("not looked at") }

func (s *source) bad(at token.Pos, format string, args ...any) {
	p := s.fset.Position(at)
	s.problems = append(s.problems, fmt.Sprintf("%s:%d: ", p.Filename, p.Line)+fmt.Sprintf(format, args...))
}

func (s *source) checkFile(file *ast.File) {
	if lines := s.fset.File(file.FileStart).LineCount(); lines > MaxFileLines {
		s.bad(file.FileStart, "%d lines: a file fits a sitting, at most %d", lines, MaxFileLines)
	}
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := s.fset.Position(fn.End()).Line - s.fset.Position(fn.Pos()).Line + 1; lines > MaxFuncLines {
			s.bad(fn.Pos(), "func %s has %d lines: a function fits a screen, at most %d", fn.Name.Name, lines, MaxFuncLines)
		}
		if fn.Recv == nil && fn.Name.Name == "init" {
			s.bad(fn.Pos(), "init function: say what happens where it happens")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		s.checkNode(n)
		return true
	})
}

func (s *source) checkNode(n ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE {
			return
		}
		for _, left := range n.Lhs {
			s.checkChange(left)
		}
	case *ast.IncDecStmt:
		s.checkChange(n.X)
	case *ast.CallExpr:
		s.checkPairs(n)
		if fn, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && (s.uses[fn] == types.Universe.Lookup("delete") || s.uses[fn] == types.Universe.Lookup("clear")) {
			s.checkChange(n.Args[0])
		}
	case *ast.SelectorExpr:
		if pkg, ok := n.X.(*ast.Ident); ok && s.pure && s.isTime(pkg) && readsClock(n.Sel.Name) {
			s.bad(n.Pos(), "time.%s in a pure package: time arrives as a value", n.Sel.Name)
		}
	}
}

// checkChange looks for the variable that a statement changes, whole or in part.
func (s *source) checkChange(e ast.Expr) {
	for {
		switch x := e.(type) {
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.Ident:
			if v, ok := s.uses[x].(*types.Var); ok && v.Parent() == s.pkg.Scope() {
				s.bad(x.Pos(), "package variable %s changes: pass the value in", x.Name)
			}
			return
		default:
			return
		}
	}
}

func (s *source) isTime(id *ast.Ident) bool {
	pkg, ok := s.uses[id].(*types.PkgName)
	return ok && pkg.Imported().Path() == "time"
}

func readsClock(name string) bool {
	switch name {
	case "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker":
		return true
	}
	return false
}
