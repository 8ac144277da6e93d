package pusher

import "cmp"

// Limits bound what clients and callers may ask for. A zero field has the
// default that its comment names, and the comment says how an excess is
// answered.
type Limits struct {
	// MessageBytes is the size of a message from a client: 10,000, as in
	// Reverb. Close code 1009.
	MessageBytes int
	// RequestBytes is the size of a body sent to the HTTP API: 256 KiB, room
	// for a full batch. Status 413.
	RequestBytes int
	// EventBytes is the size of an event's data: 10 KiB. Status 413, or error
	// 4301 to a client.
	EventBytes int
	// EventName is the length of an event's name: 200. Status 400, or error
	// 4301 to a client.
	EventName int
	// TriggerChannels is how many channels one trigger may name: 100. Status
	// 400.
	TriggerChannels int
	// BatchEvents is how many events a batch may hold: 10. Status 400.
	BatchEvents int
	// ChannelName is the length of a channel's name: 164. Error 4009 with the
	// channel, or status 400.
	ChannelName int
	// Channels is how many channels a connection may subscribe to: 100. Error
	// 4301 with the channel.
	Channels int
	// Members is how many users a presence channel may have: 1,000, since each
	// newcomer is told of all. Error 4301 with the channel.
	Members int
	// ClientEvents is how many events a connection may send in a second: 10.
	// Error 4301.
	ClientEvents int
	// Connections is how many connections there may be: 20,000. Close code 4100.
	Connections int
	// ConnectionsPerAddress is how many may come from one address: 500. Close
	// code 4100.
	ConnectionsPerAddress int
	// QueueFrames and QueueBytes bound what waits to be written to one
	// connection: 1,024 and 1 MiB. Close code 4100, counted as "slow reader".
	QueueFrames, QueueBytes int
}

func (l Limits) orDefaults() Limits {
	return Limits{
		MessageBytes:          cmp.Or(l.MessageBytes, 10_000),
		RequestBytes:          cmp.Or(l.RequestBytes, 256<<10),
		EventBytes:            cmp.Or(l.EventBytes, 10<<10),
		EventName:             cmp.Or(l.EventName, 200),
		TriggerChannels:       cmp.Or(l.TriggerChannels, 100),
		BatchEvents:           cmp.Or(l.BatchEvents, 10),
		ChannelName:           cmp.Or(l.ChannelName, 164),
		Channels:              cmp.Or(l.Channels, 100),
		Members:               cmp.Or(l.Members, 1000),
		ClientEvents:          cmp.Or(l.ClientEvents, 10),
		Connections:           cmp.Or(l.Connections, 20_000),
		ConnectionsPerAddress: cmp.Or(l.ConnectionsPerAddress, 500),
		QueueFrames:           cmp.Or(l.QueueFrames, 1024),
		QueueBytes:            cmp.Or(l.QueueBytes, 1<<20),
	}
}
