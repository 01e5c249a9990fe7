-- Who has joined something lately, and on another node.
CREATE INDEX memberships_recent ON memberships (joined_at);
