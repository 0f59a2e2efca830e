package watch_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/watch"
)

func TestTheFirstCycleRendersEverything(t *testing.T) {
	p, s := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/eu/crm.yaml": shop("crm", 4)})
	require.Empty(t, s.Moved)
	require.Empty(t, s.Problems)
	require.Equal(t, len(ours(t, p.at("out/shop")))+len(ours(t, p.at("out/crm")))-2, s.Written, "the ledgers are not counted")
	require.Len(t, s.Databases, 2)
	shop := s.Databases[0]
	require.Equal(t, []string{"shop", "databases", p.at("specs"), p.at("specs/shop.yaml")}, []string{shop.Name, shop.Namespace, shop.Folder, shop.File})
	require.True(t, shop.Good)
	require.Contains(t, p.cluster("shop"), "instances: 3")
}

// However an editor saves, there is one cycle, and it has the new text: never a part of it, never a deletion.
func TestSaves(t *testing.T) {
	half := func(data string) (string, string) { return data[:len(data)/2], data[len(data)/2:] }
	tests := []struct {
		name string
		save func(p *play, file, data string)
	}{
		{"written in place", func(p *play, file, data string) { p.put(file, data) }},
		{"renamed into place", func(p *play, file, data string) {
			p.put(file+".tmp123", data)
			p.move(file+".tmp123", file)
		}},
		{"vim: the old file becomes the backup", func(p *play, file, data string) {
			p.put("specs/4913", "") // whether a file can be made here
			p.remove("specs/4913")
			p.put("specs/.shop.yaml.swp", "b0VIM")
			p.move(file, file+"~")
			p.put(file, data)
			p.remove(file + "~")
		}},
		{"vim with backupcopy=yes", func(p *play, file, data string) {
			p.put(file+"~", p.read(file))
			p.put(file, data)
			p.remove(file + "~")
		}},
		{"VS Code: truncated, then written in two parts", func(p *play, file, data string) {
			a, b := half(data)
			p.slowly(file, a, b, 0)
		}},
		{"two parts with a pause between them, the file kept open", func(p *play, file, data string) {
			a, b := half(data)
			p.slowly(file, a, b, 120*time.Millisecond)
		}},
		{"emacs: a lock link, an auto-save file, a backup by renaming", func(p *play, file, data string) {
			require.NoError(p.t, os.Symlink("me@host.1:1", p.at("specs/.#shop.yaml")))
			p.put("specs/#shop.yaml#", data)
			p.move(file, file+"~")
			p.put(file, data)
			p.remove("specs/#shop.yaml#")
			p.remove("specs/.#shop.yaml")
		}},
		{"removed, and made again a moment later", func(p *play, file, data string) {
			p.remove(file)
			time.Sleep(100 * time.Millisecond) // longer than the debounce
			p.put(file, data)
		}},
		{"empty for a moment", func(p *play, file, data string) {
			p.put(file, "")
			time.Sleep(100 * time.Millisecond)
			p.put(file, data)
		}},
		{"another time is set afterwards, that of the old file", func(p *play, file, data string) {
			info, err := os.Stat(p.at(file))
			require.NoError(p.t, err)
			p.put(file, data) // as long as the old text, in the same inode
			require.NoError(p.t, os.Chtimes(p.at(file), info.ModTime(), info.ModTime()))
		}},
		{"a swap of two names", func(p *play, file, data string) {
			p.put("specs/new", data)
			p.move(file, "specs/old")
			p.move("specs/new", file)
			p.remove("specs/old")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
			for begun := time.Now(); ; begun = time.Now() {
				tt.save(p, "specs/shop.yaml", shop("shop", 5))
				if time.Since(begun) < 200*time.Millisecond {
					break
				}
				// On a busy machine the pauses were longer than those of an editor. It is another story then.
				require.NoError(t, p.stop())
				p, _ = begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
			}
			s := p.next()
			require.Equal(t, instances("shop", 3, 5), moves(s))
			require.Empty(t, s.Problems)
			require.Equal(t, []int{1, 0}, []int{s.Written, s.Removed})
			require.Contains(t, p.cluster("shop"), "instances: 5")
			p.nothing()
		})
	}
}

// A Component that no database has a use for is told as render tells it, and for as long as none has; what is written is right.
func TestIdleComponents(t *testing.T) {
	fleet := "apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: p}\ncomponents: [arm64, metallb]\n"
	exposed := strings.Replace(shop("crm", 3), "spec:\n", "spec:\n  expose: [{name: lb, ip: 192.168.0.206, sourceRanges: [192.168.0.0/24]}]\n", 1)
	require.Contains(t, exposed, "expose")
	p, s := begin(t, map[string]string{"specs/onggi.yaml": fleet, "specs/shop.yaml": shop("shop", 3), "specs/eu/crm.yaml": shop("crm", 3)})
	idle := func(s watch.State, message string) {
		t.Helper()
		require.Len(t, s.Problems, 1)
		require.Equal(t, p.at("specs/onggi.yaml")+":4:1: ONG3020: "+message+" is patched by metallb", s.Problems[0].Error())
		for _, db := range s.Databases {
			require.True(t, db.Good)
		}
	}
	idle(s, "nothing of the project's 2 databases")
	require.Contains(t, p.cluster("shop"), "kubernetes.io/arch: arm64")

	p.put("specs/eu/crm.yaml", exposed)
	require.Empty(t, p.next().Problems)
	p.put("specs/shop.yaml", "kind: DatabaseCluster\nbroken: [\n")
	require.NotContains(t, p.next().Problems.Error(), "ONG3020", "what cannot be read may be what the Component is for")
	p.remove("specs/eu/crm.yaml")
	require.NotContains(t, p.next().Problems.Error(), "ONG3020")
	p.put("specs/shop.yaml", shop("shop", 3))
	idle(p.next(), p.at("specs/shop.yaml")+": nothing of shop")
	p.put("specs/onggi.yaml", strings.Replace(fleet, ", metallb", "", 1))
	require.Empty(t, p.next().Problems)
}

func TestWhatChangesNothingTellsNothing(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/README.md": "read me"})
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(p.at("specs/shop.yaml"), later, later))
	require.NoError(t, os.Chmod(p.at("specs/shop.yaml"), 0o600))
	p.put("specs/shop.yaml", shop("shop", 3))
	p.put("specs/README.md", "read me again")
	p.put("specs/.hidden.yaml", "nonsense: [")
	p.put("specs/.git/config.yaml", "nonsense: [")
	p.put("specs/shop.schema.json", "{")
	require.NoError(t, os.Mkdir(p.at("specs/empty"), 0o755))
	p.nothing()
}

func TestAProblemKeepsWhatWasGood(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
	before := p.cluster("shop")

	p.put("specs/shop.yaml", strings.Replace(shop("shop", 5), "10Gi", "10GB", 1))
	s := p.next()
	require.Len(t, s.Problems, 1)
	require.Equal(t, 8, s.Problems[0].Line)
	require.Empty(t, s.Moved)
	require.Equal(t, []bool{true, false}, []bool{s.Databases[0].Good, s.Databases[1].Good})
	require.Equal(t, before, p.cluster("shop"))

	bundle, err := p.w.Render(s.Databases[1].ID, "")
	require.NoError(t, err)
	require.EqualValues(t, 3, bundle.Plan.Instances, "what is served is what was good")

	p.put("specs/crm.yaml", shop("crm", 2))
	s = p.next()
	require.Equal(t, instances("crm", 4, 2), moves(s), "others are not held up")
	require.Len(t, s.Problems, 1)
	require.Equal(t, before, p.cluster("shop"))

	p.put("specs/shop.yaml", shop("shop", 5))
	s = p.next()
	require.Empty(t, s.Problems)
	require.Equal(t, instances("shop", 3, 5), moves(s), "compared with what was good, not with what was wrong")
	require.True(t, s.Databases[1].Good)
}

func TestAFileThatDoesNotLoadKeepsItsDatabases(t *testing.T) {
	for name, text := range map[string]string{
		"syntax":                "a: [b",
		"another kind":          strings.Replace(shop("shop", 3), "DatabaseCluster", "DatabaseClustr", 1),
		"emptied":               "",
		"a second one is wrong": shop("shop", 3) + "---\n" + strings.Replace(shop("till", 3), "10Gi", "10GB", 1),
		"renamed and wrong":     strings.Replace(shop("till", 3), "10Gi", "10GB", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 4)})
			p.put("specs/shop.yaml", text)
			s := p.next()
			require.NotEmpty(t, s.Problems)
			require.Empty(t, s.Moved)
			require.Contains(t, p.cluster("shop"), "instances: 3")
			p.put("specs/shop.yaml", shop("shop", 4))
			require.Equal(t, instances("shop", 3, 4), moves(p.until(func(s watch.State) bool { return len(s.Problems) == 0 })))
		})
	}
}

// Of a file either all is rendered or nothing, in whatever order its documents are.
func TestAFileOfTwoDatabases(t *testing.T) {
	wrong := strings.Replace(shop("till", 5), "10Gi", "10GB", 1)
	p, _ := begin(t, map[string]string{"specs/both.yaml": shop("shop", 3) + "---\n" + shop("till", 3)})
	for _, text := range []string{shop("shop", 5) + "---\n" + wrong, wrong + "---\n" + shop("shop", 6)} {
		p.put("specs/both.yaml", text)
		s := p.next()
		require.Len(t, s.Problems, 1)
		require.Empty(t, s.Moved)
		require.Contains(t, p.cluster("shop"), "instances: 3")
	}
	p.put("specs/both.yaml", shop("till", 5)+"---\n"+shop("shop", 6))
	require.Equal(t, instances("shop", 3, 6)+instances("till", 3, 5), moves(p.next()))
}

func TestComingAndGoing(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
	p.put("specs/eu/north/crm.yaml", shop("crm", 4))
	require.Equal(t, "new: crm\n", moves(p.next()))
	require.Contains(t, p.cluster("crm"), "instances: 4")

	p.put("specs/eu/north/crm.yaml", shop("crm", 2))
	require.Equal(t, instances("crm", 4, 2), moves(p.next()), "a new folder is watched")

	p.move("specs/eu", "away")
	s := p.next()
	require.Equal(t, "gone: crm\n", moves(s))
	require.Positive(t, s.Removed)
	require.NoDirExists(t, p.at("out/crm"))
	p.put("away/north/crm.yaml", shop("crm", 7))
	p.nothing()

	p.move("away", "specs/us")
	require.Equal(t, "new: crm\n", moves(p.next()))
	p.put("specs/us/north/crm.yaml", shop("crm", 8))
	require.Equal(t, instances("crm", 7, 8), moves(p.next()), "it is watched again")

	p.move("specs/us/north/crm.yaml", "specs/us/north/renamed.yaml")
	s = p.next()
	require.Empty(t, s.Moved, "the same database in another file")
	require.Contains(t, p.cluster("crm"), "instances: 8")
	require.Equal(t, p.at("specs/us/north/renamed.yaml"), s.Databases[2].File)

	p.move("specs/us", "away")
	p.move("away", "specs/us") // before anybody looked
	p.nothing()
	p.put("specs/us/till.yaml", shop("till", 3))
	require.Equal(t, "new: till\n", moves(p.next()), "it lost its watch on the way")
	p.remove("specs/us/till.yaml")
	p.next()

	p.move("specs/us", "specs/asia")
	require.Empty(t, p.next().Moved, "the same database in another folder")
	p.put("specs/asia/north/renamed.yaml", shop("crm", 9))
	require.Equal(t, instances("crm", 8, 9), moves(p.next()), "a folder does not take its watch along under the old name")
	p.move("specs/asia", "specs/us")
	p.next()

	p.remove("specs/us/north/renamed.yaml")
	require.Equal(t, "gone: crm\n", moves(p.next()))
	require.Equal(t, map[string]bool{"shop": true, "sentinel-1": true, "sentinel-2": true}, folders(t, p.at("out")))
}

// Git takes each file out and makes it anew.
func TestACheckoutOfManyFiles(t *testing.T) {
	p, _ := begin(t, fleet(60, 3))
	for name, data := range fleet(60, 5) {
		p.remove(name)
		p.put(name, data)
	}
	var all string
	for written := 0; written < 60; { // in one cycle, if the machine is not busy
		s := p.next()
		require.Empty(t, s.Problems)
		require.Zero(t, s.Removed)
		written += s.Written
		all += moves(s)
	}
	require.Equal(t, 60, strings.Count(all, "spec.instances: 3 != 5"))
	require.Equal(t, 60, strings.Count(all, "\n"))
	p.nothing()
}

func TestWithoutOutput(t *testing.T) {
	p := newPlay(t, map[string]string{"specs/shop.yaml": shop("shop", 3) + "environments: {prod: {instances: 5}, dev: {}}\n", "specs/crm.yaml": shop("crm", 3)})
	p.run(watch.Options{AllEnvs: true}, "specs")
	s := p.next()
	require.Equal(t, []string{""}, s.Databases[0].Envs)
	require.Equal(t, []string{"dev", "prod"}, s.Databases[1].Envs)
	bundle, err := p.w.Render(s.Databases[1].ID, "prod")
	require.NoError(t, err)
	require.EqualValues(t, 5, bundle.Plan.Instances)
	_, err = p.w.Render("nobody", "")
	require.ErrorIs(t, err, watch.ErrUnknown)

	p.put("specs/shop.yaml", shop("shop", 4)+"environments: {prod: {instances: 5}, test: {}}\n")
	s = p.next()
	require.Equal(t, "gone: shop\nnew: shop\n", moves(s), "dev is gone, prod did not move, test is new")
	require.Equal(t, []string{"dev", "test"}, []string{s.Moved[0].Env, s.Moved[1].Env})
	require.NoDirExists(t, p.at("out"))
}
