package main

import (
	"io"
	"log/slog"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// A chart whose files were read once.
type chart struct {
	files []*archive.BufferedFile
	kube  *common.KubeVersion
}

func openChart(folder, kubeVersion string) (*chart, error) {
	kube, err := common.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.LoadDir(folder)
	if err != nil {
		return nil, err
	}
	files := make([]*archive.BufferedFile, 0, len(loaded.Raw))
	for _, file := range loaded.Raw {
		files = append(files, &archive.BufferedFile{Name: file.Name, Data: file.Data})
	}
	return &chart{files, kube}, nil
}

// The manifests and notes, by what `helm template` does.
func (c *chart) render(asked request) (manifests []string, notes string, err error) {
	loaded, err := loader.LoadFiles(c.files) // anew: rendering changes it
	if err != nil {
		return nil, "", err
	}
	values, err := loader.LoadValues(strings.NewReader(asked.Values))
	if err != nil {
		return nil, "", err
	}
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.NewTextHandler(io.Discard, nil)))
	install := action.NewInstall(config)
	install.DryRunStrategy = action.DryRunClient
	install.Replace = true
	install.ReleaseName = asked.Release
	install.Namespace = asked.Namespace
	install.IsUpgrade = asked.Upgrade
	install.KubeVersion = c.kube
	rendered, err := install.Run(loaded, values)
	if err != nil {
		return nil, "", err
	}
	made := rendered.(*release.Release)
	manifests = append(manifests, made.Manifest)
	for _, hook := range made.Hooks {
		manifests = append(manifests, hook.Manifest)
	}
	return manifests, made.Info.Notes, nil
}
