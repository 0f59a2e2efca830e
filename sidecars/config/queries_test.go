package config

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const ownQueries = `
onggi_pg_database:
  query: SELECT datname, 1 AS xid_age FROM pg_database
  metrics: [{datname: {usage: LABEL, description: d}}, {xid_age: {usage: GAUGE, description: d}}]
`

// merge is what comes of files, with the names of the merged queries.
func merge(t testing.TB, files ...QueryFile) (map[string]query, []RefusedQuery) {
	t.Helper()
	text, refused, err := MergeQueries([]byte(ownQueries), files)
	require.NoError(t, err)
	var merged map[string]query
	require.NoError(t, yaml.UnmarshalStrict(text, &merged))
	return merged, refused
}

func TestQueriesOfSeveralFilesAreOne(t *testing.T) {
	merged, refused := merge(t,
		QueryFile{Name: "a/sales.yaml", Text: []byte("sales:\n  query: SELECT 'x' AS shop, 1 AS total\n  cache_seconds: 30\n  runonserver: '>=13.0.0 <19.0.0'\n  metrics:\n    - shop: {usage: LABEL, description: which}\n    - total: {usage: COUNTER, description: how many}\n")},
		QueryFile{Name: "b/more.yaml", Text: []byte("pg_stat_user_tables:\n  query: SELECT 1 AS num\n  master: true\n  metrics: [{num: {usage: GAUGE, description: d}}]\n")},
		QueryFile{Name: "c/empty.yaml"},
	)
	require.Empty(t, refused)
	require.Len(t, merged, 3)
	require.Equal(t, "SELECT 'x' AS shop, 1 AS total", merged["onggi_sales"].Query)
	require.Equal(t, uint64(30), merged["onggi_sales"].CacheSeconds)
	require.Equal(t, ">=13.0.0 <19.0.0", merged["onggi_sales"].RunOnServer)
	require.True(t, merged["onggi_pg_stat_user_tables"].Master, "the exporter's own collector of that name keeps its series")
	require.Equal(t, "SELECT datname, 1 AS xid_age FROM pg_database", merged["onggi_pg_database"].Query)
}

// Whatever the exporter would not take, or would take everything down, is left out alone and told.
func TestQueriesThatAreLeftOut(t *testing.T) {
	const good = "\nfine: {query: SELECT 1 AS num, metrics: [{num: {usage: GAUGE, description: d}}]}\n"
	for text, why := range map[string]string{
		"pg_database: {query: SELECT 1 AS xid_age, metrics: [{xid_age: {usage: GAUGE, description: d}}]}": "onggi_pg_database_xid_age is a series of onggi's own queries",
		"pg: {query: SELECT 1 AS database_xid_age, metrics: [{database_xid_age: {usage: GAUGE}}]}":        "onggi_pg_database_xid_age is a series of onggi's own queries",
		"twice: {query: SELECT 1 AS num, metrics: [{num: {usage: GAUGE}}, {num: {usage: GAUGE}}]}":        "onggi_twice_num is there twice",
		"exporter_queries: {query: SELECT 1 AS num, metrics: [{num: {usage: GAUGE}}]}":                    "the name is the exporter's own",
		"cnpg: {query: SELECT 1 AS num, target_databases: [app], metrics: [{num: {usage: GAUGE}}]}":       `unknown field "target_databases"`,
		"bad-name: {query: SELECT 1 AS num, metrics: [{num: {usage: GAUGE}}]}":                            "no name of a metric",
		"nothing: {metrics: [{num: {usage: GAUGE}}]}":                                                     "it has no query",
		"blind: {query: SELECT 1}":                                                                "it has no metrics",
		"shoes: {query: SELECT 1 AS n, metrics: [{n: {usage: GAUGE}}]}":                           "put it in quotes",
		"column: {query: SELECT 1, metrics: [{'?column?': {usage: GAUGE}}]}":                      "is no name of a metric",
		"usage: {query: SELECT 1 AS num, metrics: [{num: {usage: gauge}}]}":                       `the usage of num is "gauge": one of DISCARD`,
		"range: {query: SELECT 1 AS num, runonserver: new, metrics: [{num: {usage: GAUGE}}]}":     `runonserver "new" is no range`,
		"cached: {query: SELECT 1 AS num, cache_seconds: soon, metrics: [{num: {usage: GAUGE}}]}": "does not know this",
		"text: SELECT 1": "does not know this",
	} {
		merged, refused := merge(t, QueryFile{Name: "mine/q.yaml", Text: []byte(text + good)})
		require.Len(t, refused, 1, text)
		require.Equal(t, "mine/q.yaml", refused[0].File)
		require.Contains(t, refused[0].Why, why)
		require.Contains(t, merged, "onggi_fine", "the others are asked: %s", text)
		require.Contains(t, merged, "onggi_pg_database")
		require.Contains(t, merged[RefusedQueries].Query, "'mine/q.yaml'", "the exporter tells")
	}
	for text, why := range map[string]string{"- a": "it is no mapping of queries", "a: {}\na: {}": "already set in map", "a: [": "it is no mapping of queries"} {
		merged, refused := merge(t, QueryFile{Name: "mine/q.yaml", Text: []byte(text)})
		require.Len(t, refused, 1, text)
		require.Contains(t, refused[0].Why, why)
		require.Len(t, merged, 2)
	}
	merged, refused := merge(t, QueryFile{Name: "gone/q.yaml", Err: errors.New("it's not there")})
	require.Equal(t, []RefusedQuery{{File: "gone/q.yaml", Why: "it's not there"}}, refused)
	require.Contains(t, merged[RefusedQueries].Query, "'it''s not there'")
}

func TestTheFirstOfTwoFilesHasTheName(t *testing.T) {
	q := func(n string) []byte {
		return []byte("sales: {query: SELECT " + n + " AS num, metrics: [{num: {usage: GAUGE, description: d}}]}")
	}
	merged, refused := merge(t, QueryFile{Name: "a", Text: q("1")}, QueryFile{Name: "b", Text: q("2")})
	require.Equal(t, "SELECT 1 AS num", merged["onggi_sales"].Query)
	require.Equal(t, []RefusedQuery{{"b", "sales", "onggi_sales_num is a series of a"}}, refused)
	require.Equal(t, "b: sales: onggi_sales_num is a series of a", refused[0].String())
}

// Whatever people write, the merged file is one that the exporter reads, with onggi's own queries in it and no series twice.
func FuzzMergeQueries(f *testing.F) {
	f.Add([]byte("sales: {query: SELECT 1 AS num, metrics: [{num: {usage: GAUGE, description: d}}]}"))
	f.Add([]byte("pg_database: {query: SELECT 1, runonserver: '>=1.2.3 || <2.0.0', metrics: [{xid_age: {usage: LABEL}}]}"))
	f.Add([]byte("{\"a\": {\"query\": \"'\\u0000\"}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		merged, _ := merge(t, QueryFile{Name: "f", Text: text}, QueryFile{Name: "g", Text: text})
		require.Contains(t, merged, "onggi_pg_database")
		seen := map[string]bool{}
		for name, q := range merged {
			for _, s := range q.series(name) {
				require.False(t, seen[s], s)
				seen[s] = true
			}
		}
		_, err := json.Marshal(merged)
		require.NoError(t, err)
	})
}
