package publish

import "github.com/prometheus/client_golang/prometheus"

var (
	queuedDesc  = prometheus.NewDesc("chatbot_publish_queued", "Events that wait to be published, by provider.", []string{"provider"}, nil)
	sentDesc    = prometheus.NewDesc("chatbot_publish_events_total", "Events that the provider has taken.", []string{"provider"}, nil)
	failedDesc  = prometheus.NewDesc("chatbot_publish_failures_total", "Calls to the provider that failed.", []string{"provider"}, nil)
	droppedDesc = prometheus.NewDesc("chatbot_publish_dropped_total", "Events that were not published, by reason.", []string{"provider", "reason"}, nil)
)

// Metrics are some Remotes as a prometheus.Collector.
type Metrics []*Remote

// Describe tells what there is.
func (m Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queuedDesc, sentDesc, failedDesc, droppedDesc} {
		out <- d
	}
}

// Collect reads the counters.
func (m Metrics) Collect(out chan<- prometheus.Metric) {
	for _, r := range m {
		stats, provider := r.Stats(), string(r.provider)
		out <- prometheus.MustNewConstMetric(queuedDesc, prometheus.GaugeValue, float64(stats.Queued), provider)
		out <- prometheus.MustNewConstMetric(sentDesc, prometheus.CounterValue, float64(stats.Sent), provider)
		out <- prometheus.MustNewConstMetric(failedDesc, prometheus.CounterValue, float64(stats.Failed), provider)
		for reason, n := range stats.Dropped {
			out <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, float64(n), provider, reason)
		}
	}
}
