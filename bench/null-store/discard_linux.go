package main

import (
	"bufio"
	"io"
	"net"
	"syscall"
)

// The kernel never writes here: with MSG_TRUNC it drops the bytes of a TCP stream and only counts them.
var untouched = make([]byte, 4<<20)

// discard drops the next length bytes of the stream: what is buffered already, the rest inside the kernel.
func discard(connection *net.TCPConn, reader *bufio.Reader, length int64) error {
	dropped, err := reader.Discard(int(min64(length, int64(reader.Buffered()))))
	if err != nil {
		return err
	}
	length -= int64(dropped)
	if length == 0 {
		return nil
	}
	raw, err := connection.SyscallConn()
	if err != nil {
		return err
	}
	for length > 0 {
		var count int
		var received error
		err := raw.Read(func(descriptor uintptr) bool {
			count, _, received = syscall.Recvfrom(int(descriptor), untouched[:min64(length, int64(len(untouched)))], syscall.MSG_TRUNC)
			return received != syscall.EAGAIN
		})
		if err != nil {
			return err
		}
		if received == syscall.EINTR {
			continue
		}
		if received != nil {
			return received
		}
		if count == 0 {
			return io.ErrUnexpectedEOF
		}
		length -= int64(count)
	}
	return nil
}
