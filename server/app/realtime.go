package app

import (
	"chatbot/server/auth"
	"chatbot/server/config"
	"chatbot/server/pusher"
)

// ownApp is the application that the realtime endpoint serves.
func ownApp(keys *auth.Keys, c config.Endpoint) pusher.App {
	app := pusher.App{
		ID:             keys.ReverbAppID,
		Key:            keys.ReverbAppKey,
		Secret:         keys.ReverbAppSecret,
		NoClientEvents: c.ClientEvents == "none",
	}
	for _, url := range c.Webhooks {
		app.Webhooks = append(app.Webhooks, pusher.Webhook{URL: url})
	}
	return app
}

// endpointLimits takes the configured limits and leaves the others as they are.
// The number of connections is one of the server and not of its application:
// a client that is told of a full server (4100) comes back later, one that is
// told of an application's quota (4004) for good may not.
func endpointLimits(c config.Endpoint) pusher.Limits {
	return pusher.Limits{
		Connections:           c.Connections,
		ConnectionsPerAddress: c.PerAddress,
		MessageBytes:          c.MessageSize,
		RequestBytes:          c.RequestSize,
	}
}
