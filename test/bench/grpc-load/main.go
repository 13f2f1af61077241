// The load of `npm run bench:grpc`: callers that each send the same request by ModelInfer over a connection of their own, and wait for
// its response before they send it again.
//
//	grpc-load -address 127.0.0.1:8081 -callers 64 -seconds 4 < request
//
// Messages stay bytes, so that the load costs as little as it can. It prints JSON: what was counted, and each caller's last response,
// for whoever reads it to see that it is right. A call that fails ends it with status 1.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const method = "/inference.GRPCInferenceService/ModelInfer"

// asIs leaves messages as the bytes that they are.
type asIs struct{}

func (asIs) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (asIs) Unmarshal(bytes []byte, message any) error {
	*message.(*[]byte) = bytes
	return nil
}
func (asIs) Name() string { return "proto" }

type report struct {
	Calls     int     `json:"calls"`
	PerSecond float64 `json:"perSecond"`
	P50Ms     float64 `json:"p50Ms"`
	P99Ms     float64 `json:"p99Ms"`
	// The share of one core that this program took: near 1, it is what was measured.
	Busy      float64  `json:"busy"`
	Responses [][]byte `json:"responses"`
}

func main() {
	address := flag.String("address", "", "host and port of the server")
	callers := flag.Int("callers", 64, "calls in flight")
	seconds := flag.Float64("seconds", 4, "how long")
	flag.Parse()
	request, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = run(*address, request, *callers, time.Duration(*seconds*float64(time.Second)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string, request []byte, callers int, during time.Duration) error {
	connections := make([]*grpc.ClientConn, callers)
	for i := range connections {
		connection, err := grpc.NewClient("passthrough:///"+address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(asIs{})))
		if err != nil {
			return err
		}
		defer connection.Close()
		connections[i] = connection
		// Connects, which is not part of what is measured.
		if _, err := call(connection, request); err != nil {
			return err
		}
	}

	times := make([][]time.Duration, callers)
	responses := make([][]byte, callers)
	failures := make([]error, callers)
	var all sync.WaitGroup
	cpuBefore, startedAt := cpu(), time.Now()
	until := startedAt.Add(during)
	for i, connection := range connections {
		all.Go(func() {
			for at := time.Now(); at.Before(until); {
				response, err := call(connection, request)
				if err != nil {
					failures[i] = err
					return
				}
				responses[i] = response
				now := time.Now()
				times[i] = append(times[i], now.Sub(at))
				at = now
			}
		})
	}
	all.Wait()
	took := time.Since(startedAt)
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	sorted := slices.Sorted(slices.Values(slices.Concat(times...)))
	return json.NewEncoder(os.Stdout).Encode(report{
		Calls:     len(sorted),
		PerSecond: float64(len(sorted)) / took.Seconds(),
		P50Ms:     milliseconds(sorted[len(sorted)/2]),
		P99Ms:     milliseconds(sorted[len(sorted)*99/100]),
		Busy:      (cpu() - cpuBefore).Seconds() / took.Seconds(),
		Responses: responses,
	})
}

func call(connection *grpc.ClientConn, request []byte) ([]byte, error) {
	within, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var response []byte
	err := connection.Invoke(within, method, &request, &response)
	return response, err
}

// cpu is the time that this process has had on any core.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration) / float64(time.Millisecond)
}
