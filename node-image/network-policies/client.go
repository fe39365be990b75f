package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Where Kubernetes puts what a pod needs to speak to the API server.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// The server ends a watch after watchSeconds; where it does not, the connection
// is dead, and the watch begins anew after a bit longer.
const (
	watchSeconds = 300
	watchLimit   = (watchSeconds + 30) * time.Second
	listLimit    = 30 * time.Second
)

// client asks the API server.
type client struct {
	server string
	token  string // a file: Kubernetes renews it
	http   *http.Client
}

// inCluster is the client with the pod's service account.
func inCluster() (*client, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: they name the API server")
	}
	authority, err := os.ReadFile(serviceAccount + "/ca.crt")
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/ca.crt has no certificate", serviceAccount)
	}
	return &client{
		server: "https://" + net.JoinHostPort(strings.Trim(host, "[]"), port),
		token:  serviceAccount + "/token",
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: trusted},
			ForceAttemptHTTP2: true, // all watches in one connection
			IdleConnTimeout:   time.Minute,
		}},
	}, nil
}

// get opens what lies at a path.
func (c *client) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(c.token)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "kind-network-policies")
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		answer.Body.Close()
		return nil, &refusal{answer.StatusCode, strings.TrimSpace(string(text))}
	}
	return answer.Body, nil
}

// refusal is an answer that is none.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("HTTP status %d: %s", r.status, r.text) }

// object is what all objects of the API have in common.
type object interface{ meta() *Meta }

// store holds all objects of one kind, as far as they are known.
type store[T object] struct {
	mutex   sync.Mutex
	objects map[string]T
	known   bool
}

// all is a copy of what there is, and whether the first list has come.
func (s *store[T]) all() (map[string]T, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	copied := make(map[string]T, len(s.objects))
	for key, one := range s.objects {
		copied[key] = one
	}
	return copied, s.known
}

// notify tells that something has changed; one message is enough for many.
func notify(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

// follow keeps a store of the objects at a path, from now on.
func follow[T object](api *client, path string, changed chan<- struct{}) *store[T] {
	kept := &store[T]{}
	go func() {
		wait := 100 * time.Millisecond
		// What the API server has in memory will do at first; after a failure it may be too old.
		for from := "0"; ; from = "" {
			began := time.Now()
			err := kept.listAndWatch(api, path, from, changed)
			if time.Since(began) > time.Minute {
				wait = 100 * time.Millisecond
			}
			log.Printf("%s: %v", path, err)
			time.Sleep(wait)
			wait = min(2*wait, 5*time.Second)
		}
	}()
	return kept
}

// listAndWatch gets all objects and then their changes, until something fails.
func (s *store[T]) listAndWatch(api *client, path, from string, changed chan<- struct{}) error {
	version, err := s.list(api, path, from)
	if err != nil {
		return err
	}
	notify(changed)
	for {
		version, err = s.watch(api, path, version, changed)
		if err != nil {
			return err
		}
	}
}

// list gets all objects, not older than a version; the version of the list.
func (s *store[T]) list(api *client, path, from string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), listLimit)
	defer cancel()
	body, err := api.get(ctx, path, url.Values{"resourceVersion": {from}})
	if err != nil {
		return "", err
	}
	defer body.Close()
	var found struct {
		Metadata struct{ ResourceVersion string }
		Items    []T
	}
	if err := json.NewDecoder(body).Decode(&found); err != nil {
		return "", err
	}
	objects := make(map[string]T, len(found.Items))
	for _, one := range found.Items {
		objects[one.meta().key()] = one
	}
	s.mutex.Lock()
	s.objects, s.known = objects, true
	s.mutex.Unlock()
	return found.Metadata.ResourceVersion, nil
}

// watch takes changes after a version until the server has said enough; the
// version it came to.
func (s *store[T]) watch(api *client, path, version string, changed chan<- struct{}) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), watchLimit)
	defer cancel()
	body, err := api.get(ctx, path, url.Values{
		"watch": {"1"}, "resourceVersion": {version}, "allowWatchBookmarks": {"true"},
		"timeoutSeconds": {fmt.Sprint(watchSeconds)},
	})
	if err != nil {
		return version, err
	}
	defer body.Close()
	for events := json.NewDecoder(body); ; {
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := events.Decode(&event); err == io.EOF {
			return version, nil
		} else if err != nil {
			return version, err
		}
		if event.Type == "ERROR" {
			return version, fmt.Errorf("the watch ended: %s", event.Object)
		}
		var one T
		if err := json.Unmarshal(event.Object, &one); err != nil {
			return version, err
		}
		version = one.meta().ResourceVersion
		if event.Type == "BOOKMARK" {
			continue
		}
		s.mutex.Lock()
		if event.Type == "DELETED" {
			delete(s.objects, one.meta().key())
		} else {
			s.objects[one.meta().key()] = one
		}
		s.mutex.Unlock()
		notify(changed)
	}
}
