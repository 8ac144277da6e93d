package pusher

import "github.com/prometheus/client_golang/prometheus"

// histograms are the latencies that are measured as they occur; everything else
// that is told of the server is read when it is asked for.
type histograms struct {
	delivery prometheus.Histogram
	api      *prometheus.HistogramVec
}

func newHistograms() histograms {
	return histograms{
		delivery: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "chatbot_realtime_delivery_seconds",
			Help:    "From the publishing of an event to its last byte handed to the system, for the oldest event of every write.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9), // 0.1 ms to 6.6 s
		}),
		api: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "chatbot_realtime_api_seconds",
			Help:    "How long a call of the HTTP API takes, by route.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"route"}),
	}
}

var (
	connectionsDesc = prometheus.NewDesc("chatbot_realtime_connections", "Connections now.", nil, nil)
	channelsDesc    = prometheus.NewDesc("chatbot_realtime_channels", "Channels that have subscribers now.", nil, nil)
	messagesDesc    = prometheus.NewDesc("chatbot_realtime_messages_total", "Messages from (in) and to (out) clients.", []string{"direction"}, nil)
	dropsDesc       = prometheus.NewDesc("chatbot_realtime_drops_total", "Connections and webhook events that were dropped or refused, by reason.", []string{"reason"}, nil)
)

// Describe and Collect make a Server a prometheus.Collector: register it where
// the metrics are to be served.
func (s *Server) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{connectionsDesc, channelsDesc, messagesDesc, dropsDesc} {
		out <- d
	}
	s.histograms.delivery.Describe(out)
	s.histograms.api.Describe(out)
}

// Collect reads the counters.
func (s *Server) Collect(out chan<- prometheus.Metric) {
	stats := s.Stats()
	gauge := func(d *prometheus.Desc, v int) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	count := func(d *prometheus.Desc, v int64, label string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), label)
	}
	gauge(connectionsDesc, stats.Connections)
	gauge(channelsDesc, stats.Channels)
	count(messagesDesc, stats.Received, "in")
	count(messagesDesc, stats.Sent, "out")
	for reason, n := range stats.Drops {
		count(dropsDesc, n, reason)
	}
	s.histograms.delivery.Collect(out)
	s.histograms.api.Collect(out)
}
