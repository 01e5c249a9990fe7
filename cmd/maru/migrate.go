package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/sqlstore"
)

// migrateDataCommand moves everything to other stores.
type migrateDataCommand struct {
	Data      string `default:"./data" placeholder:"FOLDER" help:"Folder that the defaults of --from and --from-blobs are in (${default})."`
	From      string `default:"sqlite:" placeholder:"URL" help:"Database to copy, as in serve's --database; by default maru.db in the data folder."`
	To        string `placeholder:"URL" required:"" help:"Database to copy into: mysql://USER:PASSWORD@HOST:3306/NAME or sqlite:FILE. It must be empty. MARU_TO keeps the password off the command line."`
	FromBlobs string `placeholder:"URL" help:"Images to copy: file: for the folder images in the data folder, file:FOLDER or s3://BUCKET. Without it and --to-blobs images stay where they are."`
	ToBlobs   string `placeholder:"URL" help:"Where to copy images to: s3://BUCKET?endpoint=…&region=… or file:FOLDER."`

	progress io.Writer
}

// Run copies, compares, and says what is to be done next.
func (c *migrateDataCommand) Run(ctx context.Context, out io.Writer) error {
	c.progress = os.Stderr
	err := c.migrate(ctx, out)
	if err != nil && ctx.Err() != nil {
		// As any other end before the end it is a failure.
		return errors.New("interrupted: the copy is not complete; the same command begins it anew")
	}
	return err
}

func (c *migrateDataCommand) migrate(ctx context.Context, out io.Writer) (err error) {
	from, to, err := c.databases()
	if err != nil {
		return err
	}
	ends := closing{}
	defer func() {
		if closed := ends.close(); err == nil { // else what is closed is what failed
			err = closed
		}
	}()
	source, err := sqlstore.OpenSource(ctx, from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	ends.add(source)
	images, err := c.openImages(ctx, &ends)
	if err != nil {
		return err
	}
	if to.Path != "" {
		if err := os.MkdirAll(filepath.Dir(to.Path), 0o700); err != nil {
			return fmt.Errorf("--to: %s: %w", filepath.Dir(to.Path), cause(err))
		}
	}
	target, err := sqlstore.OpenTarget(ctx, to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	ends.add(target)

	begun := time.Now()
	told := &teller{out: c.progress}
	copied, err := target.CopyFrom(ctx, source, told.database)
	report(out, copied, err)
	if err != nil {
		return err
	}
	var lost []string
	if images != nil {
		if lost, err = images.copy(ctx, source, rowsOf("images", copied), told, out); err != nil {
			return err
		}
	}
	if err := target.Finish(); err != nil {
		return err
	}
	say(out, "Moved in %s.", time.Since(begun).Round(time.Millisecond))
	if err := c.next(out, source); err != nil {
		return err
	}
	if len(lost) > 0 {
		return fmt.Errorf("images that had lost bytes before: %d; all else has moved (maru doctor on the new stores names them, and with --fix removes them)", len(lost))
	}
	return nil
}

// databases reads --from and --to, and refuses what cannot be meant.
func (c *migrateDataCommand) databases() (from, to sqlstore.Options, err error) {
	if (c.FromBlobs == "") != (c.ToBlobs == "") {
		return from, to, errors.New("--from-blobs and --to-blobs: name both, or neither to leave images where they are")
	}
	if c.ToBlobs != "" && c.FromBlobs == c.ToBlobs {
		return from, to, errors.New("--from-blobs and --to-blobs are the same")
	}
	quiet := slog.New(slog.DiscardHandler)
	for flag, setting := range map[string]struct {
		url  string
		into *sqlstore.Options
	}{"--from": {c.From, &from}, "--to": {c.To, &to}} {
		s := storage{Data: c.Data, Database: setting.url}
		if *setting.into, err = s.database(); err != nil {
			return from, to, errors.New(flag + ": must be sqlite:FILE or mysql://USER:PASSWORD@HOST:3306/NAME")
		}
		setting.into.Logger = quiet
	}
	if c.To == "sqlite:" || c.To == "" {
		return from, to, errors.New("--to: name the file, as sqlite:FILE")
	}
	switch {
	case c.From == c.To, from.Path != "" && same(from.Path, to.Path):
		return from, to, errors.New("--from and --to are the same database")
	case from.Path != "" && to.Path != "" && same(filepath.Dir(from.Path), filepath.Dir(to.Path)):
		return from, to, errors.New("--from and --to are in the same folder: each database file needs one of its own")
	}
	return from, to, nil
}

// same reports whether two paths lead to the same thing, whether or not it is there.
func same(a, b string) bool {
	if b == "" {
		return false
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	if errA == nil && errB == nil && absA == absB {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func (c *migrateDataCommand) openImages(ctx context.Context, ends *closing) (*imageCopy, error) {
	if c.FromBlobs == "" {
		return nil, nil //nolint:nilnil // there is nothing to copy
	}
	log := newLogger()
	from, err := blob.Open(ctx, c.FromBlobs, blob.Options{Data: c.Data, Logger: log, Source: true})
	if err != nil {
		return nil, fmt.Errorf("--from-blobs: %w", err)
	}
	ends.add(from)
	to, err := blob.Open(ctx, c.ToBlobs, blob.Options{Data: c.Data, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("--to-blobs: %w", err)
	}
	ends.add(to)
	if err := to.Ready(ctx); err != nil {
		return nil, fmt.Errorf("--to-blobs: %w", err)
	}
	return &imageCopy{from: from, to: to}, nil
}

// closing closes what was opened, the last first.
type closing struct{ list []io.Closer }

func (c *closing) add(one io.Closer) { c.list = append(c.list, one) }

func (c *closing) close() error {
	var errs []error
	for i := len(c.list) - 1; i >= 0; i-- {
		errs = append(errs, c.list[i].Close())
	}
	return errors.Join(errs...)
}

func rowsOf(table string, copied []sqlstore.Copied) int64 {
	for _, one := range copied {
		if one.Table == table {
			return one.Rows
		}
	}
	return 0
}

// report shows what was compared.
func report(out io.Writer, copied []sqlstore.Copied, err error) {
	if len(copied) == 0 {
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	say(table, "table\trows\tSHA-256\t")
	for _, one := range copied {
		verdict := "same"
		if one.Differs {
			verdict = "DIFFERS"
		}
		say(table, "%s\t%d\t%x\t%s", one.Table, one.Rows, one.Sum[:6], verdict)
	}
	_ = table.Flush() // as say
	if err == nil {
		say(out, "Both databases were read: they are the same.")
	}
}

// next says how to start on the new stores.
func (c *migrateDataCommand) next(out io.Writer, source *sqlstore.Source) error {
	kept, err := source.Secret()
	if err != nil {
		return err
	}
	file := "the secret file that this database was served with"
	for _, folder := range []string{c.Data, filepath.Dir(strings.TrimPrefix(c.From, "sqlite:"))} {
		path := filepath.Join(folder, "secret")
		secret, err := readSecret(path)
		if err != nil {
			continue
		}
		if keys, err := deriveKeys(secret); err == nil && bytes.Equal(keys.fingerprint, kept) {
			file = path
			break
		}
	}
	if c.ToBlobs == "" {
		say(out, "Images stay where they are: --blobs must lead every node there.")
	}
	say(out, "Copy %s to each node's data folder, or name it with --secret-file: nobody has to log in again.", file)
	return nil
}

// teller says now and then how far it is.
type teller struct {
	out   io.Writer
	table string
	begun time.Time
	said  time.Time
}

const tellEvery = 2 * time.Second

func (t *teller) database(p sqlstore.Progress) {
	doing := "copying"
	if p.Checking {
		doing = "checking"
	}
	t.tell(doing+" "+p.Table, p.Rows, p.Total)
}

func (t *teller) tell(doing string, done, total int64) {
	now := time.Now()
	if doing != t.table {
		t.table, t.begun = doing, now
	}
	if t.said.IsZero() {
		t.said = now
	}
	if now.Sub(t.said) < tellEvery || total == 0 {
		return
	}
	t.said = now
	say(t.out, "%s: %d of %d (%d %%), %.0f a second", doing, done, total, 100*done/total, float64(done)/max(now.Sub(t.begun).Seconds(), 0.001))
}
