package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanText returns a message's text as it is stored: NFC, line ends as \n, no blank lines around it, and "" where nothing
// visible is left. It is Invalid where it is too long, or holds control characters.
func (c *Chat) cleanText(field, s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", InvalidField(field, FieldMalformed)
	}
	s = strings.ReplaceAll(strings.ReplaceAll(c.nfc(s), "\r\n", "\n"), "\r", "\n")
	s = strings.TrimRightFunc(strings.TrimLeft(s, "\n"), unicode.IsSpace)
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return "", InvalidField(field, FieldMalformed)
		}
	}
	if !isVisible(s) {
		return "", nil
	}
	if utf8.RuneCountInString(s) > MaxTextRunes {
		return "", InvalidField(field, FieldTooLong)
	}
	return s, nil
}

// cleanName returns a name or title of at most limit code points as it is stored: NFC, one line, single spaces. What could
// make one name pass for another (invisible characters, changes of writing direction) is Invalid.
func (c *Chat) cleanName(field, s string, limit int) (string, error) {
	s, err := c.cleanLine(field, s, limit)
	if err == nil && !isVisible(s) {
		return "", InvalidField(field, FieldRequired)
	}
	return s, err
}

// cleanLine is cleanName for what may be empty.
func (c *Chat) cleanLine(field, s string, limit int) (string, error) {
	if !utf8.ValidString(s) {
		return "", InvalidField(field, FieldMalformed)
	}
	for _, r := range s {
		if unicode.IsControl(r) || isDeceptive(r) {
			return "", InvalidField(field, FieldMalformed)
		}
	}
	s = strings.Join(strings.Fields(c.nfc(s)), " ")
	if utf8.RuneCountInString(s) > limit {
		return "", InvalidField(field, FieldTooLong)
	}
	if s != "" && !isVisible(s) {
		return "", InvalidField(field, FieldRequired)
	}
	return s, nil
}

// cleanEmoji returns a room's emoji, "" for none. The longest sequences in use (families, flags of regions) have fewer
// than maxEmojiRunes code points.
func (c *Chat) cleanEmoji(field, s string) (string, error) {
	const maxEmojiRunes = 16
	s, err := c.cleanLine(field, s, maxEmojiRunes)
	if err != nil {
		return "", err
	}
	if strings.IndexFunc(s, unicode.IsLetter) >= 0 || (s != "" && strings.IndexFunc(s, isBeyondASCII) < 0) {
		return "", InvalidField(field, FieldMalformed)
	}
	return s, nil
}

func isBeyondASCII(r rune) bool { return r > unicode.MaxASCII }

// isVisible reports whether s shows anything at all.
func isVisible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		switch r {
		case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800': // Hangul fillers and the blank Braille cell
			return false
		}
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Co)
	}) >= 0
}

// isDeceptive reports whether r is invisible or turns the writing direction. Joiners stay: emoji and some scripts need
// them.
func isDeceptive(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, // embeddings, overrides, isolates
		r == 0x061c, r == 0x200e, r == 0x200f, // direction marks
		r == 0x200b, r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0x00ad, // zero width, soft hyphen
		r == 0x2028, r == 0x2029: // line and paragraph separators
		return true
	}
	return false
}

// checkClientID accepts 1–64 printable ASCII characters.
func checkClientID(s string) error {
	if s == "" {
		return InvalidField("clientId", FieldRequired)
	}
	if len(s) > MaxClientIDBytes {
		return InvalidField("clientId", FieldTooLong)
	}
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return InvalidField("clientId", FieldMalformed)
		}
	}
	return nil
}
