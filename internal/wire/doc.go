// Package wire holds the JSON shapes of Maru's contract: the only types that cross the network, over HTTP and over
// Socket.IO alike. The OpenAPI document and the site's wire.gen.ts are made from them.
//
// Ids are opaque strings. Times are RFC 3339 in UTC with milliseconds. Text is NFC. A field that is absent is omitted,
// never null, except where its comment says so.
package wire

//go:generate go run ./tsgen -o ../../web/src/wire.gen.ts
