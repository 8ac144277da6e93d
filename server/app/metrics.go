package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"chatbot/server/httpapi"
	"chatbot/server/publish"
)

// metrics are for the operator alone: they have a listener of their own, which
// the configuration allows on this machine only.
type metrics struct {
	listener net.Listener
	server   *http.Server
}

// listenMetrics takes the address; what is measured is registered by wire.
func (a *App) listenMetrics() error {
	if a.config.MetricsAddr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", a.config.MetricsAddr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --metrics-addr", a.config.MetricsAddr, err)
	}
	a.metrics = &metrics{listener: listener}
	return nil
}

// MetricsAddr is the address of the metrics, or "" if they are off.
func (a *App) MetricsAddr() string {
	if a.metrics == nil {
		return ""
	}
	return a.metrics.listener.Addr().String()
}

// measure registers what there is to measure.
func (a *App) measure(api *httpapi.API) {
	if a.metrics == nil {
		return
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "chatbot_polls_waiting", Help: "Polls that are held open until something changes.",
	}, func() float64 { return float64(api.Waiting()) })
	measured := []prometheus.Collector{publish.Metrics(a.ways.remotes), waiting}
	if a.realtime != nil {
		measured = append(measured, a.realtime)
	}
	a.metrics.handle(measured...)
}

// handle makes the pages.
func (m *metrics) handle(measured ...prometheus.Collector) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(measured...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	m.server = &http.Server{Handler: onlyByAddress(mux), ReadHeaderTimeout: 10 * time.Second}
}

// onlyByAddress refuses pages that reach this listener by a name of theirs
// (DNS rebinding).
func onlyByAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "Ask for localhost.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (m *metrics) serve() error { return m.server.Serve(m.listener) }

// close ends the listener and what is asked of it.
func (m *metrics) close() error {
	var err error
	if m.server != nil {
		err = m.server.Close()
	}
	if closed := m.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// runMetrics serves them until ctx ends.
func (a *App) runMetrics(ctx context.Context, failed chan<- error) {
	if a.metrics == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { a.metrics.server.Close() })
	defer stop()
	if err := a.metrics.serve(); !errors.Is(err, http.ErrServerClosed) {
		failed <- err
	}
}
