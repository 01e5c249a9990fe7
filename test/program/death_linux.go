package program

import (
	"os/exec"
	"syscall"
)

// DiesWithUs has a command end with the test program, however that ends.
func DiesWithUs(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
