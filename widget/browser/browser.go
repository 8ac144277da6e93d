// Package browser is the widget's only way to the browser: calls to the server,
// storage, the page that embeds the frame, what the browser tells of network
// and visibility, and the scrolling of the log. Everything goes through the
// boot script's chatbotHost, which catches what a browser may throw: a program
// that cannot recover must not meet an exception.
//
// Go in the browser has one thread. Callbacks are called while nothing else
// runs and must not block; everything else may be called from any goroutine.
package browser
