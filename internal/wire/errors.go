package wire

// Failure is what went wrong, the same in problem documents and in acknowledgements.
type Failure struct {
	Code         string            `json:"code" enum:"invalid,unauthorized,bad_credentials,forbidden,not_found,login_id_taken,room_name_taken,client_id_reused,image_too_large,payload_too_large,unsupported_image,rate_limited,unavailable,internal"`
	Message      string            `json:"message" doc:"For developers, in English; a site words the code itself."`
	Errors       map[string]string `json:"errors,omitempty" doc:"By field: what is wrong with it (required, too_long, too_short, malformed, unknown, wrong_type)."`
	RetryAfterMs int64             `json:"retryAfterMs,omitempty"`
	RequestID    string            `json:"requestId,omitempty"`
}

// Problem is an RFC 9457 problem document with the fields of Failure.
type Problem struct {
	Type         string            `json:"type,omitempty" format:"uri-reference"`
	Title        string            `json:"title"`
	Status       int               `json:"status"`
	Code         string            `json:"code" enum:"invalid,unauthorized,bad_credentials,forbidden,not_found,login_id_taken,room_name_taken,client_id_reused,image_too_large,payload_too_large,unsupported_image,rate_limited,unavailable,internal"`
	Detail       string            `json:"detail,omitempty" doc:"For developers, in English; a site words the code itself."`
	Errors       map[string]string `json:"errors,omitempty" doc:"By field: what is wrong with it (required, too_long, too_short, malformed, unknown, wrong_type)."`
	RetryAfterMs int64             `json:"retryAfterMs,omitempty"`
	RequestID    string            `json:"requestId,omitempty"`
}

// Answer is how every acknowledgement looks: the fields of the event's own answer beside ok, or an error.
type Answer struct {
	OK    bool     `json:"ok"`
	Error *Failure `json:"error,omitempty"`
}
