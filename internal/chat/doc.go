// Package chat holds the rules of Maru: what users, rooms, memberships and messages are, who may do what, and in which
// order changes are numbered. It imports the standard library alone; what it needs of the world it asks for in ports.go.
//
// Every operation names who acts first; that is always the session's user, never something a request said. A room is
// loaded through the membership of who asks, so that nothing can be read around the policy.
package chat
