// Command null-store holds the three tools of the bench that must not be the bottleneck:
//
//	null-store serve --port 0            an S3-speaking store that generates and discards bodies
//	null-store load --source URL …       a raw load generator: the ceiling of two such stores
//	null-store run --watch PORT -- CMD   runs a client and reports its exact CPU, peak memory and time
//
// It has no dependency, speaks to loopback only and checks no signature: bytes and signatures are checked elsewhere, on real stores.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"serve": serve, "load": load, "run": run}
	if len(os.Args) > 1 {
		if command, known := commands[os.Args[1]]; known {
			if err := command(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, "null-store:", err)
				os.Exit(1)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: null-store serve|load|run …")
	os.Exit(2)
}
