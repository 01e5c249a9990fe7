package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/maru-chat/maru/internal/chat"
)

// Options say what Open needs beside the setting.
type Options struct {
	Data    string        // the folder of "file:" is inside
	Timeout time.Duration // of S3; 0 for 20 s
	Logger  *slog.Logger  // nil for the default one
	Source  bool          // only to read from: nothing is made, tried or removed there
}

// Store is what Open opens.
type Store interface {
	chat.Blobs
	io.Closer
}

// Open opens what --blobs names:
//
//	(empty), file:                       the folder "images" in the data folder
//	file:FOLDER                          a folder of its own, made where there is none
//	s3://BUCKET/PREFIX?endpoint=URL&region=NAME
//	                                     a bucket that exists; all but BUCKET may be left out. Without an endpoint it is
//	                                     Amazon's; without a region AWS_REGION, or what the bucket says
//
// Credentials for S3 are those that AWS's programs use: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, then the
// files of AWS_PROFILE, then the role of the machine or container. The bucket must let us list it, and read, write and delete
// in it. Each mistake is an error of one line for the operator; a store that merely cannot be reached is logged, since it
// may come back.
func Open(ctx context.Context, setting string, o Options) (Store, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	kind, rest, named := strings.Cut(setting, ":")
	switch {
	case setting == "", kind == "file" && rest == "":
		return openDisk(filepath.Join(o.Data, "images"), o.Source)
	case kind == "file" && named:
		if strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///") {
			return nil, fmt.Errorf("%s: a folder is file:FOLDER, without //", setting)
		}
		return openDisk(rest, o.Source)
	case kind == "s3" && named:
		b, err := parseBucket(setting)
		if err != nil {
			return nil, err
		}
		return openS3(ctx, b, o)
	case named:
		return nil, fmt.Errorf("unknown kind %.20q: images are kept in file:FOLDER or in s3://BUCKET", kind+":")
	}
	return nil, fmt.Errorf("%.100q is neither file:FOLDER nor s3://BUCKET", setting)
}

// openDisk keeps a nil *Disk from becoming a Store.
func openDisk(folder string, source bool) (Store, error) {
	open := OpenDisk
	if source {
		open = openSource
	}
	d, err := open(folder)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// bucket is where to find a bucket, as the setting names it.
type bucket struct {
	name, prefix string
	endpoint     *url.URL
	region       string
}

var (
	goodPrefix = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
	goodRegion = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
)

// parseBucket reads a setting. Its errors do not repeat what may be a secret.
func parseBucket(setting string) (bucket, error) {
	const form = "must look like s3://BUCKET?endpoint=https://…&region=…"
	u, err := url.Parse(setting)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return bucket{}, fmt.Errorf("s3: %s", form)
	}
	if u.User != nil {
		return bucket{}, errors.New("s3: credentials do not belong there: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if u.Host == "" {
		return bucket{}, fmt.Errorf("s3: no bucket: %s", form)
	}
	b := bucket{name: u.Host, endpoint: &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}}
	if err := s3utils.CheckValidBucketNameStrict(b.name); err != nil {
		return bucket{}, fmt.Errorf("s3: %.100q is no name of a bucket", b.name)
	}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if !goodPrefix.MatchString(prefix) || len(prefix) > chat.MaxBlobKey {
			return bucket{}, fmt.Errorf("s3: prefix %.100q: at most %d of A–Z, a–z, 0–9, and -, _, . and / between them", prefix, chat.MaxBlobKey)
		}
		b.prefix = prefix + "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bucket{}, fmt.Errorf("s3: %s", form)
	}
	for name, values := range query {
		if len(values) > 1 {
			return bucket{}, fmt.Errorf("s3: %.50s is there twice", name)
		}
		switch value := values[0]; name {
		case "endpoint":
			if b.endpoint, err = parseEndpoint(value); err != nil {
				return bucket{}, err
			}
		case "region":
			if !goodRegion.MatchString(value) {
				return bucket{}, fmt.Errorf("s3: region %.50q: must look like eu-central-1", value)
			}
			b.region = value
		default:
			return bucket{}, fmt.Errorf("s3: unknown parameter %.50q: there are endpoint and region", name)
		}
	}
	if b.region == "" {
		b.region = os.Getenv("AWS_REGION")
	}
	if b.region == "" {
		b.region = os.Getenv("AWS_DEFAULT_REGION")
	}
	return b, nil
}

func parseEndpoint(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	switch {
	case err == nil && u.User != nil:
		return nil, errors.New("s3: credentials do not belong into the endpoint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", strings.Trim(u.Path, "/") != "", u.RawQuery != "":
		return nil, fmt.Errorf("s3: endpoint %.100q: must look like https://s3.example.com", value)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func openS3(ctx context.Context, b bucket, o Options) (Store, error) {
	where := fmt.Sprintf("bucket %s at %s", b.name, b.endpoint)
	s := &S3{transport: newTransport(o.Timeout), bucket: b.name, prefix: b.prefix, timeout: o.Timeout}
	keys := awsCredentials(o.Timeout)
	client, err := minio.NewCore(b.endpoint.Host, &minio.Options{
		Creds: keys, Secure: b.endpoint.Scheme == "https", Region: b.region, Transport: s.transport, MaxRetries: tries,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	s.client = client
	check, cancel := within(ctx, min(readyTimeout, o.Timeout))
	defer cancel()
	found, err := keys.GetWithContext(&credentials.CredContext{Context: check})
	if err != nil || found.AccessKeyID == "" {
		return nil, fmt.Errorf("%s: no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", where)
	}
	err = s.try(check, o.Source)
	if why, refused := refusal(err); refused {
		return nil, errors.Join(fmt.Errorf("%s %s", where, why), s.Close())
	}
	if o.Source && err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not answer: %w", where, err), s.Close())
	}
	if err != nil {
		o.Logger.Warn("images cannot be stored or shown until their store answers", "store", where, "error", err.Error())
		return s, nil
	}
	if o.Source {
		return s, nil
	}
	if v, err := s.client.GetBucketVersioning(check, s.bucket); err == nil && v.Enabled() {
		o.Logger.Warn("the bucket keeps old versions: bytes of deleted images stay until a rule of the bucket removes them",
			"store", where)
	}
	return s, nil
}

// awsCredentials looks where AWS's programs look.
func awsCredentials(timeout time.Duration) *credentials.Credentials {
	// The role's servers are near, and where there are none nothing answers.
	role := &credentials.IAM{Client: &http.Client{Timeout: min(dialTimeout, timeout), Transport: newTransport(timeout)}}
	return credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, role})
}

// try does once what will be done: list and, but for a source, write and delete.
func (s *S3) try(ctx context.Context, source bool) error {
	nobody := false
	options := minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true, MaxKeys: 1, FetchOwner: &nobody}
	for object := range s.client.ListObjectsIter(ctx, s.bucket, options) {
		if object.Err != nil {
			return object.Err
		}
		break
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if source {
		return nil
	}
	const probe = "maru.may-write" // is no key, so List leaves it out
	sum := sha256.Sum256(nil)
	if err := s.putOnce(ctx, probe, "text/plain", strings.NewReader(""), 0, hex.EncodeToString(sum[:])); err != nil {
		return err
	}
	return s.client.RemoveObject(ctx, s.bucket, s.name(probe), minio.RemoveObjectOptions{})
}

// refusal is what to tell the operator about an answer that will stay the same until they change something.
func refusal(err error) (string, bool) {
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	if !answered || passing(err) {
		return "", false
	}
	said := strings.Join(strings.Fields(answer.Message), " ")
	switch answer.Code {
	case minio.NoSuchBucket:
		return "does not exist", true
	case minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch, "XAdminUserNotFound":
		return fmt.Sprintf("does not accept these credentials (%s)", answer.Code), true
	case minio.AccessDenied, "AllAccessDisabled", "InvalidTokenId", "ExpiredToken", "InvalidToken":
		return fmt.Sprintf("refuses us (%s): s3:ListBucket, GetObject, PutObject and DeleteObject must be allowed", answer.Code), true
	}
	if slices.Contains([]string{minio.AuthorizationHeaderMalformed, minio.InvalidRegion, "PermanentRedirect"}, answer.Code) {
		return fmt.Sprintf("is in another region, name it with region=… (%s: %.200s)", answer.Code, said), true
	}
	return fmt.Sprintf("cannot be used (%d %s: %.200s)", answer.StatusCode, answer.Code, said), true
}
