package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// What can be wrong with a MySQL server or a database on it when the program starts.
var (
	ErrURL       = errors.New("must look like mysql://user:password@host:3306/name")
	ErrNoServer  = errors.New("no MySQL server answers there")
	ErrOldServer = errors.New("the database server is too old: MySQL 8.0 or MariaDB 10.6 is needed")
	ErrDenied    = errors.New("the database server refuses this user")
	ErrConverted = errors.New("a table is not as Maru made it")
	ErrBinlog    = errors.New("binlog_format is STATEMENT: set it to ROW or MIXED")
)

// newMySQL reads the database's URL. Its errors quote nothing of it: there is a password in it.
func newMySQL(raw string) (*mysqlDialect, error) {
	refuse := func(why string) (*mysqlDialect, error) {
		return nil, fmt.Errorf("the database's URL %w%s", ErrURL, why)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return refuse(" (in a password, percent-encode what is not a letter or digit)")
	case u.Scheme != "mysql" || u.Opaque != "" || u.Fragment != "":
		return refuse("")
	case u.User == nil || u.User.Username() == "":
		return refuse(": the user is missing")
	case u.Hostname() == "":
		return refuse(": the host is missing")
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" || strings.Contains(name, "/") {
		return refuse(": the database's name is missing")
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr, config.DBName = "tcp", u.Host, name
	if u.Port() == "" {
		config.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	config.Collation = "utf8mb4_bin"
	config.Timeout, config.ReadTimeout, config.WriteTimeout = dialWithin, answerWithin, answerWithin
	config.ClientFoundRows = true      // a row that is there counts, whether or not it changes
	config.CheckConnLiveness = false   // each connection is ours for as long as it lives
	config.MultiStatements = true      // for markAndCommit alone; whatever comes from people is a parameter
	config.Logger = &mysql.NopLogger{} // what it says is in the errors too
	for key, values := range u.Query() {
		if key != "tls" {
			return refuse(": only ?tls= is known")
		}
		switch value := values[len(values)-1]; value {
		case "true", "skip-verify":
			config.TLSConfig = value
		default:
			return refuse(": tls is true or skip-verify")
		}
	}
	return &mysqlDialect{config: config}, nil
}

// explain implements dialect.
func (d *mysqlDialect) explain(err error) error {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch e.Number {
		case 1044, 1045, 1130, 1142, 1143, 1227, 1370, 1698, 3118: // by name, by host, by right
			return fmt.Errorf("%w: %s", ErrDenied, e.Message)
		case 1049:
			return fmt.Errorf("there is no such database: create it, or correct the URL (%s)", e.Message)
		}
		return err
	}
	for _, ours := range []error{ErrNotDatabase, ErrNewerSchema, ErrOldServer, ErrConverted, ErrBinlog} {
		if errors.Is(err, ours) {
			return err
		}
	}
	if d.classify(err) == failedAway {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: no answer within %v", ErrNoServer, connectWithin)
		}
		if cause := err.Error(); cause != mysql.ErrInvalidConn.Error() && cause != "driver: bad connection" {
			return fmt.Errorf("%w: %w", ErrNoServer, err)
		}
		return ErrNoServer
	}
	return err
}

// migrating opens a connection whose statements may take long, and waits for another node that migrates.
func (d *mysqlDialect) migrating(ctx context.Context, _ *sql.Conn) (_ *sql.Conn, done func() error, err error) {
	config := d.config.Clone()
	config.ReadTimeout = migrateWithin
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, err
	}
	pool := sql.OpenDB(connector)
	defer func() {
		if err != nil {
			_ = pool.Close()
		}
	}()
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, setting := range []string{"SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET SESSION sql_mode = '" + strict + "'"} {
		if _, err := c.ExecContext(ctx, setting); err != nil {
			return nil, nil, err
		}
	}
	// Its name is for the whole server, and short. Closing the connection gives it back.
	const wait = 60
	var got sql.NullInt64
	lock := fmt.Sprintf("maru:%x", sha256.Sum256([]byte(d.config.DBName)))[:40]
	if err := c.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK('%s', %d)", lock, wait)).Scan(&got); err != nil {
		return nil, nil, err
	}
	if got.Int64 != 1 {
		return nil, nil, fmt.Errorf("another node has been migrating this database for %d seconds: try again", wait)
	}
	return c, func() error { return errors.Join(c.Close(), pool.Close()) }, nil
}

func (d *mysqlDialect) tableOptions() string {
	return " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
}

// keep does nothing: such a server has backups of its own, and maru backup.
func (d *mysqlDialect) keep(context.Context, *sql.Conn, int) error { return nil }

// Errors that say that a statement of the schema has been carried out before.
var doneBefore = map[uint16]bool{
	1050: true, // table exists
	1060: true, // duplicate column
	1061: true, // duplicate key
	1091: true, // cannot drop: is not there
}

// step runs a migration statement by statement, as definitions are committed by themselves, and records each. One that was
// interrupted goes on where it stopped: a definition may have been carried out, and not recorded.
func (d *mysqlDialect) step(ctx context.Context, c *sql.Conn, version int, script string, now time.Time) error {
	const table = "CREATE TABLE IF NOT EXISTS schema_progress (version INTEGER NOT NULL PRIMARY KEY, statements INTEGER NOT NULL)"
	if _, err := c.ExecContext(ctx, table+d.tableOptions()); err != nil {
		return err
	}
	var done int
	err := c.QueryRowContext(ctx, "SELECT statements FROM schema_progress WHERE version = ?", version).Scan(&done)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	list := statements(script)
	for i := done; i < len(list); i++ {
		if err := d.statement(ctx, c, list[i], version, i, i == done); err != nil {
			return fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	_, err = c.ExecContext(ctx, recordStep, version, now.UnixMilli())
	return err
}

// definition begins a statement that commits by itself (dev.mysql.com/doc, Statements That Cause an Implicit Commit).
var definition = regexp.MustCompile(`^(?i)(CREATE|ALTER|DROP|RENAME|TRUNCATE)\s`)

// statement runs one and records it: what changes rows in one transaction with its record. A definition is committed before; where
// it may have been carried out by an attempt before, that it was is no error.
func (d *mysqlDialect) statement(ctx context.Context, c *sql.Conn, statement string, version, i int, again bool) error {
	const record = "INSERT INTO schema_progress (version, statements) VALUES (?, ?) ON DUPLICATE KEY UPDATE statements = VALUES(statements)"
	defines := definition.MatchString(statement)
	var with interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	} = c
	commit := func() error { return nil }
	if !defines {
		t, err := c.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = t.Rollback() }() // nothing to do after Commit
		with, commit = t, t.Commit
	}
	_, err := with.ExecContext(ctx, statement)
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok && defines && again && doneBefore[e.Number] {
		err = nil
	}
	if err == nil && d.broken != nil {
		err = d.broken(version, i, false)
	}
	if err != nil {
		return err
	}
	if _, err := with.ExecContext(ctx, record, version, i+1); err != nil {
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	if d.broken != nil {
		return d.broken(version, i, true)
	}
	return nil
}

// statements parts a migration at the semicolons that end its lines; comments are lines, or end them.
func statements(script string) []string {
	var list []string
	var one strings.Builder
	for line := range strings.Lines(script) {
		line, _, _ = strings.Cut(line, "--")
		line = strings.TrimRight(line, " \n")
		if line == "" {
			continue
		}
		body, ends := strings.CutSuffix(line, ";")
		one.WriteString(body + "\n")
		if ends {
			list = append(list, one.String())
			one.Reset()
		}
	}
	return list
}

func (d *mysqlDialect) foreign(ctx context.Context, c *sql.Conn) (bool, error) {
	var tables int
	err := c.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()").Scan(&tables)
	return tables > 0, err
}

// settings refuses tables that somebody has converted, and tells where the server may lose what it has committed.
func (d *mysqlDialect) settings(ctx context.Context, c *sql.Conn, log *slog.Logger) error {
	var table, is string
	err := c.QueryRowContext(ctx, "SELECT t.table_name, CONCAT(t.engine, ' ', COALESCE(c.column_name, ''), ' ', COALESCE(c.collation_name, ''))"+
		" FROM information_schema.tables t LEFT JOIN information_schema.columns c ON c.table_schema = t.table_schema"+
		" AND c.table_name = t.table_name AND c.collation_name IS NOT NULL AND c.collation_name <> 'utf8mb4_bin'"+
		" WHERE t.table_schema = DATABASE() AND t.table_name IN ('meta', 'users', 'sessions', 'categories', 'rooms', 'memberships',"+
		" 'messages', 'spent_client_ids', 'images', 'blob_removals', 'writers', 'admin_claim')"+
		" AND (t.engine <> 'InnoDB' OR c.column_name IS NOT NULL) ORDER BY 1, 2 LIMIT 1").Scan(&table, &is)
	if err == nil {
		return fmt.Errorf("%w: %s is %s; all are InnoDB and utf8mb4_bin", ErrConverted, table, strings.Join(strings.Fields(is), " "))
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var flush, sync, logged int
	var format string
	err = c.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin, @@binlog_format").
		Scan(&flush, &sync, &logged, &format)
	switch {
	case err != nil:
		return err
	case logged == 1 && format == "STATEMENT":
		return ErrBinlog
	}
	if flush != 1 {
		log.Warn("the database server may lose acknowledged messages when it crashes: set innodb_flush_log_at_trx_commit to 1", "is", flush)
	}
	if logged == 1 && sync != 1 {
		log.Warn("the database server may lose acknowledged messages when it crashes and fails over: set sync_binlog to 1", "is", sync)
	}
	return nil
}

// forgottenAfter is after how long without a commit a writer's row is removed.
const forgottenAfter = 24 * time.Hour

func (d *mysqlDialect) inspect(ctx context.Context, c *sql.Conn, now time.Time, log *slog.Logger) error {
	if err := d.settings(ctx, c, log); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, "DELETE FROM writers WHERE at < ?", now.Add(-forgottenAfter).UnixMilli()); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "COMMIT")
	return err
}
