// What is read of the cluster's objects: the fields of Kubernetes' API that the table needs.

type Metadata = {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
};
type Variable = { readonly name: string; readonly value?: string };
type Container = {
  readonly name: string;
  readonly env?: readonly Variable[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
};

export type Deployment = {
  readonly kind: 'Deployment';
  readonly metadata: Metadata;
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
  };
  readonly status: { readonly readyReplicas?: number };
};

export type Pod = {
  readonly kind: 'Pod';
  readonly metadata: Metadata;
  readonly spec: {
    readonly containers: readonly Container[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly configMap?: { readonly name: string };
    }[];
  };
  readonly status: { readonly conditions?: readonly { type: string; status: string }[] };
};

export type ConfigMap = {
  readonly kind: 'ConfigMap';
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
};

type Utilization = { readonly averageUtilization?: number };
export type Autoscaler = {
  readonly kind: 'HorizontalPodAutoscaler';
  readonly spec: {
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly scaleTargetRef: { readonly name: string };
    readonly metrics?: readonly {
      readonly containerResource?: { readonly name: string; readonly target: Utilization };
    }[];
  };
  readonly status: {
    readonly currentMetrics?: readonly {
      readonly containerResource?: { readonly name: string; readonly current: Utilization };
    }[];
  };
};

export type Ingress = {
  readonly kind: 'Ingress';
  readonly metadata: Metadata;
  readonly spec: {
    readonly rules?: readonly {
      readonly http?: {
        readonly paths: readonly {
          readonly path?: string;
          readonly backend: { readonly service?: { readonly name: string } };
        }[];
      };
    }[];
  };
};

export type Route = {
  readonly kind: 'HTTPRoute';
  readonly spec: {
    readonly rules: readonly {
      readonly matches?: readonly {
        readonly path?: { readonly value?: string };
        readonly headers?: readonly unknown[];
      }[];
      readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[];
    }[];
  };
};

export type Resource = Deployment | Pod | ConfigMap | Autoscaler | Ingress | Route;
