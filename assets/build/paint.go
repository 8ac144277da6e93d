package main

import "chatbot/widget/ui"

// paint draws the chat as it first looks, in HTML, so that a visitor sees it
// before the program runs.
func paint() (string, error) { return ui.Paint(), nil }
