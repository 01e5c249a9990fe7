// Command maru is the whole of Maru in one file: the site, the API, Socket.IO and the database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	// Whom to trust where the system does not say, as in a container that holds this program alone. Certificates of the system,
	// and SSL_CERT_FILE, come before it.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/maru-chat/maru/internal/https"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// commands are what maru can be asked to do.
type commands struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Serve the site, the API and Socket.IO (what maru alone does)."`
	Backup      backupCommand      `cmd:"" help:"Write everything into one file, while Maru serves: the database, the secret and the images."`
	Restore     restoreCommand     `cmd:"" help:"Put back what a backup holds, where no database is yet."`
	Doctor      doctorCommand      `cmd:"" help:"Look at everything that Maru needs, and say what to do: disk, clock, database, images, bus, backup, and the site through the proxy."`
	User        userCommand        `cmd:"" help:"Make an account, change its role or its password; Maru must not be running on the same database file."`
	MigrateData migrateDataCommand `cmd:"" help:"Copy everything to another database, and images to another store, and compare: --from sqlite:FILE --to mysql://…, or back. Maru must be stopped; the old database and images stay untouched."`
	Ready       readyCommand       `cmd:"" help:"Ask the node on this machine whether it should get requests: exit code 0 where it does."`
	Pictures    picturesCommand    `cmd:"" hidden:"" help:"Treat the pictures on standard input; serving does this by itself."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "maru", version)
	return err
}

// exited is how kong's wish to end the program (after --help) reaches run.
type exited int

// run is the program without the process around it; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exited:
			code = int(e)
		default:
			panic(e)
		}
	}()
	parser, err := kong.New(&commands{},
		kong.Name("maru"),
		kong.Description("A self-hosted chat in one file.\n\nWithout a command it serves; \"maru serve --help\" lists the settings. Each is also an environment variable (--public-url is MARU_PUBLIC_URL) and a key of the file that --config names."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.DefaultEnvars("MARU"),
		kong.Vars{"letsencrypt": https.LetsEncrypt},
		kong.Configuration(loadConfig),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(stdout, (*io.Writer)(nil)),
	)
	if err == nil {
		var command *kong.Context
		if command, err = parser.Parse(args); err == nil {
			err = command.Run()
		}
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "maru: %v\n", err)
	return 1
}
