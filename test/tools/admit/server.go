package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/util/parsers"
	"sigs.k8s.io/yaml"
)

// What an API server does to each kind of its own before it stores an object.
var strategies = map[string]rest.RESTCreateStrategy{
	"ConfigMap":               configmap.Strategy,
	"Deployment":              deployment.Strategy,
	"HorizontalPodAutoscaler": horizontalpodautoscaler.Strategy,
	"Ingress":                 ingress.Strategy,
	"Job":                     job.Strategy,
	"NetworkPolicy":           networkpolicy.Strategy,
	"PersistentVolume":        persistentvolume.Strategy,
	"PersistentVolumeClaim":   persistentvolumeclaim.Strategy,
	"Pod":                     pod.Strategy,
	"PodDisruptionBudget":     poddisruptionbudget.Strategy,
	"Secret":                  secret.Strategy,
	"Service":                 service.Strategy,
	"ServiceAccount":          serviceaccount.Strategy,
}

// The part of an API server that says whether an object may be created.
type server struct {
	decoder runtime.Decoder
	custom  map[schema.GroupVersionKind]customKind
}

type customKind struct {
	structural *structuralschema.Structural
	strategy   rest.RESTCreateStrategy
}

func newServer(definitions string) (*server, error) {
	capabilities.Setup(true, 0) // --allow-privileged, as kubeadm and the clouds set it
	codecs := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	s := &server{codecs.UniversalDecoder(), map[schema.GroupVersionKind]customKind{}}
	files, err := filepath.Glob(filepath.Join(definitions, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := s.define(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return s, nil
}

// Takes the custom resource of a file.
func (s *server) define(file string) error {
	scheme := runtime.NewScheme()
	apiextensionsinstall.Install(scheme)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var written apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &written); err != nil {
		return err
	}
	var definition apiextensions.CustomResourceDefinition
	if err := scheme.Convert(&written, &definition, nil); err != nil {
		return err
	}
	for _, version := range definition.Spec.Versions {
		kind := schema.GroupVersionKind{Group: definition.Spec.Group, Version: version.Name, Kind: definition.Spec.Names.Kind}
		rules, err := apiextensions.GetSchemaForVersion(&definition, version.Name)
		if err != nil {
			return err
		}
		structural, err := structuralschema.NewStructural(rules.OpenAPIV3Schema)
		if err != nil {
			return err
		}
		validator, _, err := validation.NewSchemaValidator(rules.OpenAPIV3Schema)
		if err != nil {
			return err
		}
		namespaced := definition.Spec.Scope == apiextensions.NamespaceScoped
		s.custom[kind] = customKind{structural, customresource.NewStrategy(
			unstructuredscheme.NewUnstructuredObjectTyper(), namespaced, kind, validator, nil, structural, nil, nil, nil)}
	}
	return nil
}

// Reads all documents and says what an API server would refuse of them.
func (s *server) admit(manifests []string, namespace string) (answer response) {
	for _, manifest := range manifests {
		for document := range strings.SplitSeq("\n"+manifest, "\n---\n") {
			var object map[string]any
			if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
				answer.Faults = append(answer.Faults, fmt.Sprintf("unreadable: %v\n%s", err, document))
				continue
			}
			if len(object) == 0 {
				continue
			}
			answer.Objects = append(answer.Objects, object)
			added, err := s.create([]byte(document), object, namespace)
			if err != nil {
				answer.Faults = append(answer.Faults, fmt.Sprintf("%v: %v", object["kind"], err))
			}
			for _, image := range images(object) { // which the API server takes as any text, and the kubelet does not
				if _, _, _, err := parsers.ParseImageName(image); err != nil {
					answer.Faults = append(answer.Faults, fmt.Sprintf("%v: %v", object["kind"], err))
				}
			}
			for _, field := range added {
				answer.Added = append(answer.Added, fmt.Sprintf("%v: %s", object["kind"], field))
			}
		}
	}
	return answer
}

// The images that an object names: of containers, and of volumes made of images.
func images(part any) (found []string) {
	switch part := part.(type) {
	case map[string]any:
		for name, inner := range part {
			volume, _ := inner.(map[string]any)
			if text, ok := inner.(string); ok && name == "image" {
				found = append(found, text)
			} else if reference, ok := volume["reference"].(string); ok && name == "image" {
				found = append(found, reference)
			} else {
				found = append(found, images(inner)...)
			}
		}
	case []any:
		for _, inner := range part {
			found = append(found, images(inner)...)
		}
	}
	return found
}

func (s *server) create(document []byte, object map[string]any, namespace string) (added []string, err error) {
	read := unstructured.Unstructured{Object: object}
	kind := read.GroupVersionKind()
	if custom, ok := s.custom[kind]; ok {
		text, err := yaml.YAMLToJSON(document)
		if err != nil {
			return nil, err
		}
		whole := &unstructured.Unstructured{} // with whole numbers as such
		if err := whole.UnmarshalJSON(text); err != nil {
			return nil, err
		}
		return custom.create(kind, whole)
	}
	strategy, ok := strategies[kind.Kind]
	if !ok {
		return nil, fmt.Errorf("no rules for %s: add its strategy to server.go", kind)
	}
	typed, _, err := s.decoder.Decode(bytes.TrimSpace(document), nil, nil)
	if err != nil {
		return nil, err
	}
	if !strategy.NamespaceScoped() {
		namespace = metav1.NamespaceNone
	}
	return nil, create(kind, strategy, typed, namespace)
}

func (k customKind) create(kind schema.GroupVersionKind, object *unstructured.Unstructured) (added []string, err error) {
	options := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	if unknown := pruning.PruneWithOptions(object.Object, k.structural, true, options); len(unknown) > 0 {
		return nil, fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", "))
	}
	sent := runtime.DeepCopyJSON(object.Object)
	defaulting.Default(object.Object, k.structural)
	added = addedInLists(sent, object.Object, "", false)
	slices.Sort(added) // a map has no order
	return added, create(kind, k.strategy, object, object.GetNamespace())
}

// The fields that were added to elements of lists, by their paths. Argo CD compares a list of a custom resource as a whole, so each
// makes an application differ from the cluster for ever; what is added elsewhere it leaves out of account.
func addedInLists(sent, kept any, path string, inList bool) (added []string) {
	switch kept := kept.(type) {
	case map[string]any:
		before, _ := sent.(map[string]any)
		for name, value := range kept {
			at := strings.TrimPrefix(path+"."+name, ".")
			if was, ok := before[name]; ok {
				added = append(added, addedInLists(was, value, at, inList)...)
			} else if inList {
				added = append(added, at)
			}
		}
	case []any:
		before, _ := sent.([]any)
		for i, value := range kept {
			if i < len(before) {
				added = append(added, addedInLists(before[i], value, fmt.Sprintf("%s[%d]", path, i), true)...)
			}
		}
	}
	return added
}

func create(kind schema.GroupVersionKind, strategy rest.RESTCreateStrategy, object runtime.Object, namespace string) error {
	if accessor, err := meta.Accessor(object); err == nil {
		rest.FillObjectMetaSystemFields(accessor)
	}
	context := genericrequest.WithNamespace(context.Background(), namespace)
	context = genericrequest.WithRequestInfo(context, &genericrequest.RequestInfo{ // what was asked of which rules
		IsResourceRequest: true, Verb: "create", Namespace: namespace,
		APIGroup: kind.Group, APIVersion: kind.Version, Resource: strings.ToLower(kind.Kind) + "s",
	})
	return rest.BeforeCreate(strategy, context, object)
}
