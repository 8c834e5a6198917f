//go:build !linux

package main

import (
	"bufio"
	"io"
	"net"
)

// discard drops the next length bytes of the stream. Only Linux can do it without a copy.
func discard(_ *net.TCPConn, reader *bufio.Reader, length int64) error {
	_, err := io.CopyN(io.Discard, reader, length)
	return err
}
