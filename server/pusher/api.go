package pusher

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"chatbot/server/pusher/signature"
)

// apiError is a refusal of the HTTP API, in plain text as Pusher's.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{status, fmt.Sprintf(format, args...)}
}

// call is a request that has proved to come from the application's server.
type call struct {
	*http.Request
	app  *application
	body []byte
}

// routeAPI is the HTTP API. The routes are those of Pusher's "HTTP API
// reference", and with /connections and /up those that Reverb adds.
func (s *Server) routeAPI(mux *http.ServeMux) {
	for route, serve := range map[string]func(*Server, call) (any, error){
		"POST /apps/{id}/events":                             (*Server).postEvents,
		"POST /apps/{id}/batch_events":                       (*Server).postBatch,
		"GET /apps/{id}/channels":                            (*Server).getChannels,
		"GET /apps/{id}/channels/{channel}":                  (*Server).getChannel,
		"GET /apps/{id}/channels/{channel}/users":            (*Server).getUsers,
		"POST /apps/{id}/users/{user}/terminate_connections": (*Server).postTerminate,
		"GET /apps/{id}/connections":                         (*Server).getConnections,
	} {
		mux.HandleFunc(route, s.api(route, serve))
	}
	mux.HandleFunc("GET /up", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]string{"health": "OK"})
	})
}

// api checks a call, answers it and measures how long that takes.
func (s *Server) api(route string, serve func(*Server, call) (any, error)) http.HandlerFunc {
	duration := s.histograms.api.WithLabelValues(route)
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		defer func() { duration.Observe(time.Since(began).Seconds()) }()
		answer, err := s.answer(w, r, serve)
		var refusal *apiError
		switch {
		case err == nil:
			writeJSON(w, answer)
		case errors.As(err, &refusal):
			http.Error(w, refusal.message, refusal.status)
		default:
			s.Logger.Error("the realtime API failed", "route", route, "error", err)
			http.Error(w, "The server has failed; its log says how.", http.StatusInternalServerError)
		}
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, serve func(*Server, call) (any, error)) (any, error) {
	if s.LocalAPI && !isLocal(r) {
		return nil, refuse(http.StatusForbidden, "The application's secret was generated, so this API serves only the machine it runs on. Set REVERB_APP_SECRET to call it from elsewhere.")
	}
	app := s.byID[r.PathValue("id")]
	if app == nil {
		return nil, refuse(http.StatusNotFound, "There is no application with this id.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.Limits.RequestBytes)))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, refuse(http.StatusRequestEntityTooLarge, "The body may have %d bytes.", tooBig.Limit)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "The body cannot be read.")
	}
	if err := verify(app, r, body); err != nil {
		return nil, refuse(http.StatusUnauthorized, "Not authorized: %s.", err)
	}
	if app.Disabled {
		return nil, refuse(http.StatusForbidden, "This application is disabled.")
	}
	return serve(s, call{r, app, body})
}

// verify checks the signature. The path may be signed as it was meant, as it was
// written, or with what was stripped off its front: libraries differ, and so
// does what Reverb expects under a path of its own.
func verify(app *application, r *http.Request, body []byte) error {
	query, now := r.URL.Query(), time.Now()
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	var err error
	for _, path := range slices.Compact([]string{r.URL.Path, r.URL.EscapedPath(), asked}) {
		if err = signature.VerifyRequest(app.Key, app.Secret, r.Method, path, query, body, now); err == nil {
			return nil
		}
	}
	return err
}

// isLocal reports whether a request was made on this machine, and by no proxy
// for somebody else.
func isLocal(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	forwarded := r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil
	return err == nil && address.Unmap().IsLoopback() && !forwarded
}

func writeJSON(w http.ResponseWriter, v any) {
	body := must(marshal(v))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

// event is one to publish.
type event struct {
	Name     string   `json:"name"`
	Data     *string  `json:"data"`
	Channel  string   `json:"channel"`
	Channels []string `json:"channels"`
	SocketID string   `json:"socket_id"`
	Info     string   `json:"info"`
}

func decodeBody(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return refuse(http.StatusBadRequest, "%s must not be a JSON %s.", wrong.Field, wrong.Value)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "The body must be a JSON object.")
	}
	return nil
}

func (s *Server) postEvents(c call) (any, error) {
	var e event
	if err := decodeBody(c.body, &e); err != nil {
		return nil, err
	}
	if e.Channel != "" {
		e.Channels = append(e.Channels, e.Channel)
	}
	info, err := s.check(e)
	if err != nil {
		return nil, err
	}
	told := map[string]any{}
	for _, channel := range slices.Compact(slices.Sorted(slices.Values(e.Channels))) {
		if err := c.app.publish(channel, e.Name, *e.Data, e.SocketID); err != nil {
			return nil, err
		}
		told[channel] = info.of(channel, c.app.status(channel))
	}
	if info == nil {
		return struct{}{}, nil
	}
	return map[string]any{"channels": told}, nil
}

// postBatch checks all before it sends any: a batch is taken as a whole or not.
func (s *Server) postBatch(c call) (any, error) {
	var batch struct {
		Batch []event `json:"batch"`
	}
	if err := decodeBody(c.body, &batch); err != nil {
		return nil, err
	}
	if n := len(batch.Batch); n == 0 || n > s.Limits.BatchEvents {
		return nil, refuse(http.StatusBadRequest, "A batch holds 1 to %d events.", s.Limits.BatchEvents)
	}
	infos := make([]attributes, len(batch.Batch))
	for i, e := range batch.Batch {
		e.Channels = []string{e.Channel}
		info, err := s.check(e)
		if err != nil {
			return nil, at(i, err)
		}
		infos[i] = info
	}
	told := make([]any, 0, len(batch.Batch))
	for i, e := range batch.Batch {
		if err := c.app.publish(e.Channel, e.Name, *e.Data, e.SocketID); err != nil {
			return nil, err
		}
		told = append(told, infos[i].of(e.Channel, c.app.status(e.Channel)))
	}
	return map[string]any{"batch": told}, nil
}

// at says which event of a batch a refusal is about.
func at(i int, err error) error {
	var refusal *apiError
	if errors.As(err, &refusal) {
		return refuse(refusal.status, "Event %d: %s", i+1, refusal.message)
	}
	return err
}

var socketID = regexp.MustCompile(`^\d+\.\d+$`)

// check reports what keeps an event from being published, and reads which
// attributes are asked for.
func (s *Server) check(e event) (attributes, error) {
	l := s.Limits
	switch {
	case e.Name == "" || len(e.Name) > l.EventName:
		return nil, refuse(http.StatusBadRequest, "An event's name has 1 to %d bytes.", l.EventName)
	case e.Data == nil:
		return nil, refuse(http.StatusBadRequest, "An event needs data, a string.")
	case len(*e.Data) > l.EventBytes:
		return nil, refuse(http.StatusRequestEntityTooLarge, "An event's data may have %d bytes.", l.EventBytes)
	case len(e.Channels) == 0 || len(e.Channels) > l.TriggerChannels:
		return nil, refuse(http.StatusBadRequest, "An event goes to 1 to %d channels.", l.TriggerChannels)
	case e.SocketID != "" && !socketID.MatchString(e.SocketID):
		return nil, refuse(http.StatusBadRequest, "socket_id must be two numbers with a dot between them.")
	}
	for _, channel := range e.Channels {
		if !validChannel(channel, l.ChannelName) {
			return nil, s.badChannel(channel)
		}
	}
	return parseInfo(e.Info)
}

func (s *Server) badChannel(name string) error {
	return refuse(http.StatusBadRequest, "%.200q is no channel: its name is 1 to %d of A-Z a-z 0-9 _ - = @ , . ;", name, s.Limits.ChannelName)
}

// attributes are what `info` asks for; nil if it was not given.
type attributes []string

func parseInfo(info string) (attributes, error) {
	if info == "" {
		return nil, nil
	}
	list := attributes(strings.Split(info, ","))
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
		if !slices.Contains([]string{"user_count", "subscription_count", "cache"}, list[i]) {
			return nil, refuse(http.StatusBadRequest, "info may ask for user_count, subscription_count and cache.")
		}
	}
	return list, nil
}

func (list attributes) has(name string) bool { return slices.Contains(list, name) }

// of gives those attributes that the channel has.
func (list attributes) of(name string, st status) map[string]any {
	out, k := map[string]any{}, kindOf(name)
	if list.has("user_count") && k.presence {
		out["user_count"] = st.users
	}
	if list.has("subscription_count") {
		out["subscription_count"] = st.subscriptions
	}
	return out
}

// onlyPresence refuses to count users where there are none.
func (list attributes) onlyPresence(prefix string) error {
	if list.has("user_count") && !strings.HasPrefix(prefix, "presence-") {
		return refuse(http.StatusBadRequest, "user_count is of presence channels only: ask for names that begin with presence-.")
	}
	return nil
}

func (s *Server) getChannels(c call) (any, error) {
	prefix := c.URL.Query().Get("filter_by_prefix")
	info, err := parseInfo(c.URL.Query().Get("info"))
	if err != nil {
		return nil, err
	}
	if err := info.onlyPresence(prefix); err != nil {
		return nil, err
	}
	channels := map[string]any{} // an object also when there is none
	for name, st := range c.app.channelsWith(prefix) {
		channels[name] = info.of(name, st)
	}
	return map[string]any{"channels": channels}, nil
}

func (s *Server) getChannel(c call) (any, error) {
	name := c.PathValue("channel")
	if !validChannel(name, s.Limits.ChannelName) {
		return nil, s.badChannel(name)
	}
	info, err := parseInfo(c.URL.Query().Get("info"))
	if err != nil {
		return nil, err
	}
	if err := info.onlyPresence(name); err != nil {
		return nil, err
	}
	st := c.app.status(name)
	answer := info.of(name, st)
	answer["occupied"] = st.occupied
	if info.has("cache") && kindOf(name).cache {
		answer["cache"] = s.cacheInfo(st.cached)
	}
	return answer, nil
}

// cacheInfo is what a cache channel remembers and for how many seconds more;
// nil if nothing.
func (s *Server) cacheInfo(e cached) any {
	if e.frame == nil {
		return nil
	}
	return map[string]any{"data": e.data, "ttl": int((e.until - s.now()).Seconds())}
}

func (s *Server) getUsers(c call) (any, error) {
	name := c.PathValue("channel")
	if !validChannel(name, s.Limits.ChannelName) || !kindOf(name).presence {
		return nil, refuse(http.StatusBadRequest, "Only presence channels have users.")
	}
	users := []map[string]string{}
	for _, id := range c.app.usersOf(name) {
		users = append(users, map[string]string{"id": id})
	}
	return map[string]any{"users": users}, nil
}

func (s *Server) postTerminate(c call) (any, error) {
	c.app.terminate(c.PathValue("user"))
	return struct{}{}, nil
}

func (s *Server) getConnections(c call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int{"connections": c.app.connections}, nil
}
