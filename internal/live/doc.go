// Package live carries chat over Socket.IO: it turns clients' events into calls of chat, and what was committed into
// frames for those who may see it, each room's changes in ascending rev.
//
// A conn is one socket of a user's session. A stream is one room on this node: how far it was announced, and the
// subscriptions of the conns whose users are members. Events come from the bus one after the other; a number that is
// missing is read from the database before what follows it is sent.
//
// Locks, in the order in which they may be taken: Live.mu, stream.mu, conn.mu. Nothing is read from the database and
// nobody is waited for under them: sending only queues.
package live
