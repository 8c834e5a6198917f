package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// A server answers each connection in a goroutine of its own, one request at a time, as HTTP/1.1 without pipelining.
type server struct {
	store    *store
	counters *counters
	delay    time.Duration // service latency of every request, to play a store that is not on this machine
}

func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	port := flags.Int("port", 0, "port on 127.0.0.1; 0 picks a free one, which is printed")
	delay := flags.Duration("delay", 0, "latency added to every request")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: *port})
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	server := &server{store: newStore(), counters: newCounters(), delay: *delay}
	for {
		connection, err := listener.AcceptTCP()
		if err != nil {
			return err
		}
		go server.serveConnection(connection)
	}
}

func (s *server) serveConnection(connection *net.TCPConn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 32<<10) // a head and a 16 KiB body come in by one read
	for {
		asked, err := readRequest(reader)
		if err != nil {
			return
		}
		if s.delay > 0 {
			time.Sleep(s.delay)
		}
		if asked.expects {
			if _, err := io.WriteString(connection, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
		}
		body, err := s.takeBody(connection, reader, asked)
		if err != nil {
			return
		}
		reply := s.answer(asked, body)
		sent, err := reply.send(connection, asked.method == "HEAD")
		s.counters.count(asked, sent)
		if err != nil || asked.closes {
			return
		}
	}
}

// takeBody drops object bytes and returns the small XML of the other requests.
func (s *server) takeBody(connection *net.TCPConn, reader *bufio.Reader, asked *request) ([]byte, error) {
	isData := asked.method == "PUT" && asked.key != "" && !asked.has("tagging")
	if isData || asked.length == 0 {
		return nil, discard(connection, reader, asked.length)
	}
	if asked.length > 8<<20 {
		return nil, errors.New("a control body is never so long")
	}
	body := make([]byte, asked.length)
	_, err := io.ReadFull(reader, body)
	return body, err
}

// An answer holds a text, or a range of a made-up body. Header lines are complete but for their line ends.
type answer struct {
	status  int
	headers []string
	text    string
	key     string
	start   int64
	length  int64
}

var phrases = map[int]string{200: "OK", 204: "No Content", 206: "Partial Content", 400: "Bad Request", 404: "Not Found",
	412: "Precondition Failed", 416: "Range Not Satisfiable", 501: "Not Implemented"}

// send writes head and body in one go and says how many body bytes went out. A 204 has neither body nor length.
func (a answer) send(connection *net.TCPConn, headOnly bool) (int64, error) {
	length := a.length
	if a.key == "" {
		length = int64(len(a.text))
	}
	head := make([]byte, 0, 512)
	head = append(head, "HTTP/1.1 "+strconv.Itoa(a.status)+" "+phrases[a.status]+"\r\nServer: null-store\r\n"...)
	for _, line := range a.headers {
		head = append(append(head, line...), "\r\n"...)
	}
	if a.status != 204 {
		head = append(strconv.AppendInt(append(head, "Content-Length: "...), length, 10), "\r\n"...)
	}
	head = append(head, "\r\n"...)
	if headOnly || length == 0 {
		_, err := connection.Write(head)
		return 0, err
	}
	if a.key == "" {
		_, err := connection.Write(append(head, a.text...))
		return length, err
	}
	buffers := bodySlices(net.Buffers{head}, a.key, a.start, length)
	_, err := buffers.WriteTo(connection)
	return length, err
}
