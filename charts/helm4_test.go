package charts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// helm4 builds Helm 4, whose module is one of its own, as Helm 3 and Helm 4 do not want the same dependencies. It stays in
// .cache, where the next run finds it.
func helm4(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: Helm 4 takes minutes to build the first time")
	}
	bin, err := filepath.Abs(filepath.Join("..", ".cache", "bin", "helm4"))
	require.NoError(t, err)
	build := exec.Command("go", "build", "-o", bin, "helm.sh/helm/v4/cmd/helm")
	build.Dir = filepath.Join("..", ".ci", "helm4")
	if out, err := build.CombinedOutput(); err != nil {
		message := fmt.Sprintf("Helm 4 cannot be built here, so charts are not proven with it: %v\n%s", err, out)
		if os.Getenv("ONGGI_REQUIRE_TOOLS") != "" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	return bin
}

// run runs Helm with a home of its own, and returns its output.
func run(t *testing.T, bin string, args ...string) string {
	t.Helper()
	cmd := exec.Command(bin, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home}
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		require.NoError(t, err, "%s%s", out, exit.Stderr)
	}
	require.NoError(t, err)
	return string(out)
}

// The law under Helm 4, by its own program, from a folder and from a package.
func TestHelm4RendersTheSame(t *testing.T) {
	bin := helm4(t)
	withNulls, _, _ := parameters(t)
	sets := []variant.Set{shop(t), withNulls}
	for seed := range uint64(12) {
		sets = append(sets, randomSet(seed))
	}
	for i, set := range sets {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			files := emit(t, set)
			dir := writeChart(t, files)
			data, err := Package(files, set.Name, "0.1.0")
			require.NoError(t, err)
			tgz := filepath.Join(t.TempDir(), "chart.tgz")
			require.NoError(t, os.WriteFile(tgz, data, 0o644))

			for _, env := range append([]variant.Env{{Namespace: set.Namespace, Objects: set.Base}}, set.Envs...) {
				args := []string{"template", set.Name, dir, "--namespace", env.Namespace}
				if env.Name != "" {
					args = append(args, "--values", filepath.Join(dir, valuesPath(env.Name)))
				}
				got, err := decode("helm 4", run(t, bin, args...))
				require.NoError(t, err)
				require.Empty(t, manifest.Diff(env.Objects, withoutKeep(got, env.Objects)), env.Name)
			}
			got, err := decode("helm 4", run(t, bin, "template", set.Name, tgz, "--namespace", set.Namespace))
			require.NoError(t, err)
			require.Empty(t, manifest.Diff(set.Base, withoutKeep(got, set.Base)), "package")
		})
	}
}

func TestHelm4LintStrictFindsNothing(t *testing.T) {
	bin := helm4(t)
	dir := writeChart(t, emit(t, shop(t)))
	for _, env := range []string{"values.yaml", "values-dev.yaml", "values-prod.yaml"} {
		out := run(t, bin, "lint", "--strict", dir, "--values", filepath.Join(dir, env))
		require.Contains(t, out, "1 chart(s) linted, 0 chart(s) failed")
		require.NotContains(t, out, "[")
	}
}

func TestHelm4ChecksValuesAgainstTheSchema(t *testing.T) {
	bin := helm4(t)
	dir := writeChart(t, emit(t, shop(t)))
	out, err := exec.Command(bin, "template", "shop", dir, "--set", "instance=3").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "additional properties 'instance' not allowed")
}
