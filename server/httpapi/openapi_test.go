package httpapi

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"chatbot/widget/wire"
)

func description(t *testing.T) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Every call has its description, and every description its call.
func TestOpenAPIRoutes(t *testing.T) {
	doc := description(t)
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	for _, r := range new(API).routes() {
		if !strings.HasPrefix(r.path, "/api/") && !strings.HasPrefix(r.path, "/broadcasting/") {
			continue
		}
		if call := r.method + " " + r.path; !described[call] {
			t.Errorf("%s is not described", call)
		} else {
			delete(described, call)
		}
	}
	for call := range described {
		t.Errorf("%s is described, but not there", call)
	}
}

// The schemas have the fields of the types that they describe, and what must be
// there is what the types always write.
func TestOpenAPISchemas(t *testing.T) {
	doc := description(t)
	types := map[string]any{
		"Author": wire.Author{}, "Node": wire.Node{}, "Reaction": wire.Reaction{}, "Attachment": wire.Attachment{}, "Source": wire.Source{},
		"Message": wire.Message{}, "Conversation": wire.Conversation{}, "Participant": wire.Participant{}, "Signal": wire.Signal{}, "User": wire.User{},
		"Config": wire.Config{}, "ReverbConfig": wire.ReverbConfig{}, "PusherConfig": wire.PusherConfig{}, "PollingConfig": wire.PollingConfig{}, "Limits": wire.Limits{},
		"CreateRequest": wire.CreateRequest{}, "JoinRequest": wire.JoinRequest{}, "Session": wire.Session{}, "Badge": wire.Badge{},
		"SendRequest": wire.SendRequest{}, "EditRequest": wire.EditRequest{}, "SendAnswer": wire.SendAnswer{}, "Page": wire.Page{},
		"ReadRequest": wire.ReadRequest{}, "ReadAnswer": wire.ReadAnswer{}, "TypingRequest": wire.TypingRequest{}, "PresenceRequest": wire.PresenceRequest{},
		"TokenAnswer": wire.TokenAnswer{}, "Invitation": wire.Invitation{}, "ConversationSummary": wire.ConversationSummary{}, "ConversationList": wire.ConversationList{},
		"ChannelAuthRequest": wire.ChannelAuthRequest{}, "ChannelAuth": wire.ChannelAuth{}, "UserAuthRequest": wire.UserAuthRequest{}, "UserAuth": wire.UserAuth{},
		"Error": wire.ErrorAnswer{},
	}
	plain := []string{"Id", "Time", "Cursor", "Role", "Status", "SiteAuthor"}
	for name, schema := range doc.Components.Schemas {
		v, ok := types[name]
		if !ok {
			if !slices.Contains(plain, name) {
				t.Errorf("%s describes no type", name)
			}
			continue
		}
		fields, always := fieldsOf(reflect.TypeOf(v))
		described := []string{}
		for field := range schema.Value.Properties {
			described = append(described, field)
		}
		slices.Sort(described)
		if !slices.Equal(described, fields) {
			t.Errorf("%s has %v, the type %v", name, described, fields)
		}
		required := slices.Sorted(slices.Values(schema.Value.Required))
		if !slices.Equal(required, always) {
			t.Errorf("%s must have %v, the type always has %v", name, required, always)
		}
	}
	for name := range types {
		if doc.Components.Schemas[name] == nil {
			t.Errorf("%s is not described", name)
		}
	}
}

// fieldsOf are the JSON fields of a type, and those of them that are never left
// away.
func fieldsOf(t reflect.Type) (fields, always []string) {
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields = append(fields, name)
		if !strings.Contains(options, "omitempty") {
			always = append(always, name)
		}
	}
	slices.Sort(fields)
	slices.Sort(always)
	return fields, always
}

// Every code that a refusal can have is described.
func TestOpenAPICodes(t *testing.T) {
	doc := description(t)
	described := doc.Components.Schemas["Error"].Value.Properties["error"].Value.Properties["code"].Value.Enum
	for code := range statuses {
		if !slices.Contains(described, any(string(code))) {
			t.Errorf("%s is not described", code)
		}
	}
	if len(described) != len(statuses) {
		t.Errorf("%d codes are described, there are %d", len(described), len(statuses))
	}
}

// What the contract's golden files show is as it is described.
func TestOpenAPIExamples(t *testing.T) {
	doc := description(t)
	for file, schema := range map[string]string{
		"message": "Message", "message-talk": "Message", "session": "Session", "page": "Page", "badge": "Badge", "config": "Config", "create": "CreateRequest",
		"error": "Error", "read": "ReadRequest", "read-answer": "ReadAnswer", "token": "TokenAnswer", "send": "SendRequest", "edit": "EditRequest", "append": "EditRequest", "typing": "TypingRequest",
	} {
		data, err := os.ReadFile(filepath.Join("../../widget/wire/testdata", file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas[schema].Value.VisitJSON(v); err != nil {
			t.Errorf("%s.json is no %s: %v", file, schema, err)
		}
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	w := httptest.NewRecorder()
	if err := new(API).getOpenAPI(w, nil); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(w.Body.Bytes()) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("%v %.80s", w.Header(), w.Body)
	}
}
