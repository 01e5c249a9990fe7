package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/maru-chat/maru/internal/chat"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// forge signs any header and claims with the right key, as HS256.
func (w *world) forge(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64(string(h)) + "." + b64(string(c))
	return signed + "." + b64(string(mac(w.keys.access, []byte(signed))))
}

func with(m map[string]any, key string, value any) map[string]any {
	m = maps.Clone(m)
	if value == nil {
		delete(m, key)
	} else {
		m[key] = value
	}
	return m
}

func TestAccessTokens(t *testing.T) {
	w := newWorld(t, Options{})
	g := w.signUp(t, "minji")
	other := w.signUp(t, "junho")
	now := w.clock.Now()

	hs := map[string]any{"alg": "HS256", "typ": "JWT"}
	good := map[string]any{
		"sub": string(g.User.ID), "sid": string(g.SessionID), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"aud": "maru", "typ": "access",
	}
	parts := strings.Split(g.AccessToken, ".")
	noneToken := func(alg string) string {
		c, _ := json.Marshal(good)
		return b64(`{"alg":"`+alg+`","typ":"JWT"}`) + "." + b64(string(c)) + "."
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(good)).SignedString(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	hs512, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims(good)).SignedString(w.keys.access)
	if err != nil {
		t.Fatal(err)
	}
	rawSecret, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(good)).SignedString([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}

	for name, token := range map[string]string{
		"issued": g.AccessToken,
		"forged": w.forge(t, hs, good),
		"no typ": w.forge(t, map[string]any{"alg": "HS256"}, good),
	} {
		if id, err := w.Authenticate(t.Context(), token); err != nil || id.User.LoginID != "minji" || id.SessionID != g.SessionID {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	for name, token := range map[string]string{
		"empty":                    "",
		"garbage":                  "abc",
		"dots":                     "..",
		"alg none":                 noneToken("none"),
		"alg None":                 noneToken("None"),
		"alg nOnE":                 noneToken("nOnE"),
		"alg none, old signature":  strings.TrimSuffix(noneToken("none"), ".") + "." + parts[2],
		"alg missing":              w.forge(t, map[string]any{"typ": "JWT"}, good),
		"alg HS384 named":          w.forge(t, with(hs, "alg", "HS384"), good),
		"alg HS512":                hs512,
		"alg RS256":                rs,
		"alg RS256 signed by HMAC": w.forge(t, with(hs, "alg", "RS256"), good),
		"alg a number":             w.forge(t, with(hs, "alg", 256), good),
		"the underived secret":     rawSecret,
		"kid path":                 w.forge(t, with(hs, "kid", "../../../dev/null"), good),
		"kid SQL":                  w.forge(t, with(hs, "kid", "' UNION SELECT 'k"), good),
		"jku":                      w.forge(t, with(hs, "jku", "https://evil.example/jwks.json"), good),
		"jwk":                      w.forge(t, with(hs, "jwk", map[string]any{"kty": "oct", "k": "AA"}), good),
		"x5u":                      w.forge(t, with(hs, "x5u", "https://evil.example/c.pem"), good),
		"crit":                     w.forge(t, with(hs, "crit", []string{"exp"}), good),
		"expired":                  w.forge(t, hs, with(good, "exp", now.Unix())),
		"no exp":                   w.forge(t, hs, with(good, "exp", nil)),
		"exp a string":             w.forge(t, hs, with(good, "exp", "tomorrow")),
		"nbf to come":              w.forge(t, hs, with(good, "nbf", now.Add(time.Second).Unix())),
		"no iat":                   w.forge(t, hs, with(good, "iat", nil)),
		"no sub":                   w.forge(t, hs, with(good, "sub", nil)),
		"no sid":                   w.forge(t, hs, with(good, "sid", nil)),
		"sid unknown":              w.forge(t, hs, with(good, "sid", "AAAAAAAAAAAAAAAAAAAAAA")),
		"sid of another user":      w.forge(t, hs, with(good, "sid", string(other.SessionID))),
		"sid an object":            w.forge(t, hs, with(good, "sid", map[string]any{"$gt": ""})),
		"aud other":                w.forge(t, hs, with(good, "aud", "marus")),
		"aud missing":              w.forge(t, hs, with(good, "aud", nil)),
		"aud several":              w.forge(t, hs, with(good, "aud", []string{"maru", "other"})),
		"type refresh":             w.forge(t, hs, with(good, "typ", "refresh")),
		"type missing":             w.forge(t, hs, with(good, "typ", nil)),
		"refresh token":            g.RefreshToken,
		"claims of another":        parts[0] + "." + strings.Split(other.AccessToken, ".")[1] + "." + parts[2],
		"signature cut":            g.AccessToken[:len(g.AccessToken)-2],
		"signature missing":        parts[0] + "." + parts[1] + ".",
		"signature padded":         g.AccessToken + "=",
		"signature's last bits":    g.AccessToken[:len(g.AccessToken)-1] + "_",
		"bad base64":               parts[0] + ".!!!." + parts[2],
		"standard base64":          strings.ReplaceAll(g.AccessToken, "e", "+"),
		"four parts":               g.AccessToken + ".x",
		"space before":             " " + g.AccessToken,
		"huge":                     w.forge(t, hs, with(good, "x", strings.Repeat("x", maxAccessBytes))),
		"a megabyte":               strings.Repeat("a.", 1<<19),
	} {
		t.Run(name, func(t *testing.T) {
			id, err := w.Authenticate(t.Context(), token)
			expectCode(t, err, chat.Unauthorized)
			if id != (Identity{}) {
				t.Error("an identity came with the refusal")
			}
		})
	}

	w.clock.move(AccessLife - time.Millisecond)
	if _, err := w.Authenticate(t.Context(), g.AccessToken); err != nil {
		t.Error(err)
	}
	w.clock.move(time.Second)
	_, err = w.Authenticate(t.Context(), g.AccessToken)
	expectCode(t, err, chat.Unauthorized)
}

func FuzzAccessToken(f *testing.F) {
	a := &Auth{}
	a.keys, _ = deriveKeys([]byte(strings.Repeat("k", 32)))
	now := time.Unix(1_800_000_000, 0)
	token, _, _ := a.signAccess("u", "s", now)
	f.Add("")
	f.Add(token)
	f.Add(b64(`{"alg":"none"}`) + "." + b64(`{"sub":"u"}`) + ".")
	f.Fuzz(func(t *testing.T, s string) {
		// The fuzzer has no key: only what was seeded is genuine.
		if _, _, err := a.parseAccess(s, now); err == nil && s != token {
			t.Fatalf("accepted %q", s)
		}
	})
}
