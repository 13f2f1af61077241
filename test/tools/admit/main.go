// Command admit renders a chart for each line that it reads, and says what the API server would say of the objects.
//
//	admit CHART KUBE-VERSION CRD-FOLDER <requests >responses
//
// A request is {"release", "namespace", "upgrade", "values"}, the values as YAML text, a response {"refused"} or
// {"objects", "faults", "added", "notes"}. Both are JSON, one a line; responses come in the order of their requests.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

type request struct {
	Release   string `json:"release"`
	Namespace string `json:"namespace"`
	Upgrade   bool   `json:"upgrade"`
	Values    string `json:"values"`
}

type response struct {
	// Why Helm or the chart refused the values.
	Refused string `json:"refused,omitempty"`
	// What was rendered, hooks included, as Kubernetes reads it.
	Objects []map[string]any `json:"objects,omitempty"`
	// What Kubernetes would refuse, and documents that it could not read.
	Faults []string `json:"faults,omitempty"`
	// Fields that an API server adds to elements of lists of custom resources.
	Added []string `json:"added,omitempty"`
	Notes string   `json:"notes,omitempty"`
}

func main() {
	if len(os.Args) != 4 {
		fatal(fmt.Errorf("expected three arguments: CHART KUBE-VERSION CRD-FOLDER"))
	}
	chart, err := openChart(os.Args[1], os.Args[2])
	if err != nil {
		fatal(err)
	}
	server, err := newServer(os.Args[3])
	if err != nil {
		fatal(err)
	}
	respond := func(line []byte) (answer response) {
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			return response{Refused: "not a request: " + err.Error()}
		}
		defer func() { // of a template or a validation: a fault to report, not the end of the others
			if cause := recover(); cause != nil {
				answer.Faults = append(answer.Faults, fmt.Sprintf("panic: %v", cause))
			}
		}()
		manifests, notes, err := chart.render(asked)
		if err != nil {
			return response{Refused: err.Error()}
		}
		answer = server.admit(manifests, asked.Namespace)
		answer.Notes = notes
		return answer
	}

	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := make(chan chan response, runtime.NumCPU())
	done := make(chan struct{})
	go func() {
		out := json.NewEncoder(os.Stdout)
		for answer := range answers {
			if err := out.Encode(<-answer); err != nil {
				fatal(err)
			}
		}
		close(done)
	}()
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		answer := make(chan response, 1)
		answers <- answer // as many at once as there are processors
		go func() { answer <- respond(line) }()
	}
	close(answers)
	<-done
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "admit:", err)
	os.Exit(1)
}
