package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what one client run cost. CPU and memory come from wait4: exact, its own waited-for children included. The kernel lets a
// child begin with its parent's peak memory, which is why this small program starts clients and not Node.
type usage struct {
	ExitCode    int     `json:"exitCode"`
	UserSeconds float64 `json:"userSeconds"`
	SysSeconds  float64 `json:"sysSeconds"`
	PeakRSS     int64   `json:"peakRssBytes"`
	Seconds     float64 `json:"seconds"`     // start to end
	WorkSeconds float64 `json:"workSeconds"` // first connection to a watched port to end; equal to seconds where none was seen
}

// run starts a client, waits for it and writes its usage as JSON to --report.
func run(arguments []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	report := flags.String("report", "", "file for the usage")
	watch := flags.Int("watch", 0, "port of the source store: the work begins when the client connects to it")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("run what?")
	}
	before := connectionsTo(*watch)
	command := exec.Command(flags.Arg(0), flags.Args()[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	begun := time.Now()
	if err := command.Start(); err != nil {
		return err
	}
	connected := make(chan time.Time, 1)
	ended := make(chan struct{})
	go func() { connected <- firstConnection(*watch, before, begun, ended) }()
	err := command.Wait()
	end := time.Now()
	close(ended)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	used := command.ProcessState.SysUsage().(*syscall.Rusage)
	result := usage{
		ExitCode: command.ProcessState.ExitCode(), UserSeconds: seconds(used.Utime), SysSeconds: seconds(used.Stime),
		PeakRSS: maxRSSBytes(used.Maxrss), Seconds: end.Sub(begun).Seconds(), WorkSeconds: end.Sub(<-connected).Seconds(),
	}
	bytes, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return os.WriteFile(*report, bytes, 0o600)
}

// firstConnection looks every 2 ms for a connection that was not there before, and stops looking when it has one.
func firstConnection(port int, before map[string]bool, begun time.Time, ended chan struct{}) time.Time {
	for {
		for connection := range connectionsTo(port) {
			if !before[connection] {
				return time.Now()
			}
		}
		select {
		case <-ended:
			return begun
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// connectionsTo lists the client ends of connections to a port of this machine. Empty where the system has no /proc.
func connectionsTo(port int) map[string]bool {
	found := map[string]bool{}
	suffix := ":" + strings.ToUpper(strconv.FormatInt(int64(port)|1<<16, 16)[1:])
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		bytes, _ := os.ReadFile(file)
		for _, line := range strings.Split(string(bytes), "\n") {
			fields := strings.Fields(line)
			if len(fields) > 3 && strings.HasSuffix(fields[2], suffix) {
				found[fields[1]] = true
			}
		}
	}
	return found
}

func seconds(time syscall.Timeval) float64 { return float64(time.Sec) + float64(time.Usec)/1e6 }

func maxRSSBytes(reported int64) int64 {
	if runtime.GOOS == "darwin" {
		return reported // bytes there, KiB on Linux
	}
	return reported * 1024
}

func ownCPUSeconds() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return seconds(used.Utime) + seconds(used.Stime)
}
