-- Who has joined something lately, and on another node.
ALTER TABLE memberships ADD KEY memberships_recent (joined_at);
