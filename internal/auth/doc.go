// Package auth knows who somebody is: passwords, sessions with their access and refresh tokens, and the limits on trying.
// Like chat it is rules, not an adapter: the database implements its Store beside chat.Store.
//
// A session is a login: one browser or program of a user. Its access token is a JWT of 15 minutes; its refresh token is
// opaque, lives 30 days, and is replaced at every use. The successor is derived from its predecessor, so that two tabs,
// or a retry after a lost answer, get the same one; a predecessor that comes back later was stolen, and ends the session.
package auth
