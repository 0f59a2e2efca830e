package drill

// Metrics are what the exporter of every primary says of the last drills, from the ConfigMap that they leave. A name is the
// query's and the column's, after the exporter's own prefix.
const (
	metricPrefix = "cnpg_"
	query        = "onggi_drill"
	checkQuery   = "onggi_drill_check"

	columnStarted   = "last_start_timestamp_seconds"
	columnRun       = "last_run_timestamp_seconds"
	columnSuccess   = "last_success_timestamp_seconds"
	columnOK        = "last_run_success"
	columnDuration  = "last_run_duration_seconds"
	columnRecovered = "recovered_timestamp_seconds"
	columnFailures  = "failures_since_success"
	columnPassed    = "passed"

	// MetricStarted is when the last drill began, also one that still runs: Unix seconds.
	MetricStarted = metricPrefix + query + "_" + columnStarted
	// MetricRun is when the last drill that has an outcome got it: Unix seconds. No series before the first.
	MetricRun = metricPrefix + query + "_" + columnRun
	// MetricSuccess is when the last good drill ended: Unix seconds. No series before the first; failed drills leave it.
	MetricSuccess = metricPrefix + query + "_" + columnSuccess
	// MetricOK is 1 when the last drill with an outcome was good, 0 when it failed.
	MetricOK = metricPrefix + query + "_" + columnOK
	// MetricDuration is how long the last drill with an outcome took: seconds.
	MetricDuration = metricPrefix + query + "_" + columnDuration
	// MetricRecovered is the moment that the last good drill came back to: Unix seconds. No series when it is not known.
	MetricRecovered = metricPrefix + query + "_" + columnRecovered
	// MetricFailures is how many drills failed since the last good one.
	MetricFailures = metricPrefix + query + "_" + columnFailures
	// MetricCheck is 1 for each check of the last drill with an outcome that passed, 0 for one that did not. Its label [LabelCheck]
	// is the check's name, and [AmcheckName].
	MetricCheck = metricPrefix + checkQuery + "_" + columnPassed
	// LabelCheck is the label of MetricCheck.
	LabelCheck = "check"
)
