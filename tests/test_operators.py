"""How objects of well-known operators are judged: a table of rows as their kinds print them, well ones and sick ones.

A kind is told with its columns in the order of its CRD's `additionalPrinterColumns`; a comment before it says where
that stands. Columns for `-o wide` alone are left out, as nothing reads them. A column is of strings unless its type is
told: `Ready:int`. Below it is a row a line, an empty cell being one that the object does not say; behind `~` is what a
closer look finds, a condition and for how long it has been so. Then what is said of it: how bad, and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.clock import now_epoch, span_s
from kubectl_inventory.judgement.conclusions import Suspect, conclude
from kubectl_inventory.judgement.findings import Thing
from kubectl_inventory.judgement.native import judge_of
from kubectl_inventory.output.columns import Places
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Cell, ColumnDefinition, Condition, Detail, DetailMeta, ObjectStatus
from tests.fake_api import a_kind

TABLE = """
# --- certificates: cert-manager/cert-manager, deploy/charts/cert-manager/templates/crd-*.yaml
certificates.cert-manager.io | Ready, Secret, Age:date
  True | web-tls | 60d                                          -> ok
  | web-tls | 2s                                                -> ok
  False | web-tls | 10s                                         -> changing NotReady
  False | web-tls | 60d                                         -> warning NotReady
  False | web-tls | 60d ~ Ready False 40s                       -> changing NotReady
certificaterequests.cert-manager.io | Approved, Denied, Ready, Issuer, Requester, Age:date
  True | | True | ca | cert-manager | 60d                       -> ok
  True | | False | ca | cert-manager | 20s                      -> changing NotReady
  | True | False | ca | cert-manager | 2h                       -> warning Denied
  | True | False | ca | cert-manager | 60d                      -> ok
orders.acme.cert-manager.io | State, Age:date
  valid | 60d                                                   -> ok
  pending | 40s                                                 -> changing pending
  processing | 40s                                              -> changing processing
  pending | 5h                                                  -> warning pending
  errored | 2h                                                  -> warning errored
  invalid | 2h                                                  -> warning invalid
  invalid | 60d                                                 -> ok
challenges.acme.cert-manager.io | State, Domain, Age:date
  valid | www.acme.example | 20s                                -> ok
  pending | www.acme.example | 20s                              -> changing pending
  pending | www.acme.example | 3h                               -> warning pending
  invalid | www.acme.example | 3h                               -> warning invalid
issuers.cert-manager.io | Ready, Age:date
  True | 60d                                                    -> ok
  False | 60d                                                   -> warning NotReady

# --- Flux: fluxcd/kustomize-controller, helm-controller and source-controller, config/crd/bases
kustomizations.kustomize.toolkit.fluxcd.io | Age:date, Ready, Status
  60d | True | Applied revision: main@sha1:4f2a                 -> ok
  60d | Unknown | Reconciliation in progress ~ Ready Unknown 8s -> changing ReadyUnknown
  60d | False | kustomize build failed: no such file            -> warning NotReady
  60d | False | dependency 'flux-system/base' is not ready ~ Ready False 20s -> changing NotReady
  60d | Unknown | Reconciliation in progress ~ Ready Unknown 2h -> unknown ReadyUnknown
helmreleases.helm.toolkit.fluxcd.io | Age:date, Ready, Status
  60d | True | Helm upgrade succeeded for release shop/web.v7   -> ok
  5s | Unknown | Running 'install' action with timeout of 5m0s  -> changing ReadyUnknown
  60d | False | Helm upgrade failed for release shop/web.v8     -> warning NotReady
gitrepositories.source.toolkit.fluxcd.io | URL, Age:date, Ready, Status
  https://acme.example | 60d | True | stored artifact for revision 'main@sha1:4f2a' -> ok
  https://acme.example | 60d | False | failed to checkout: no such host             -> warning NotReady
  https://acme.example | 1s | |                                 -> ok

# --- Argo CD: argoproj/argo-cd, manifests; there is no age
applications.argoproj.io | Sync Status, Health Status
  Synced | Healthy                                              -> ok
  Synced | Suspended                                            -> ok
  Synced | Progressing                                          -> changing Progressing
  OutOfSync | Healthy                                           -> warning OutOfSync
  OutOfSync | Missing                                           -> error Missing
  Synced | Degraded                                             -> warning Degraded
  Unknown | Suspended                                           -> unknown SyncStatusUnknown
  Synced | Frobnicating                                         -> unknown Frobnicating

# --- Argo Rollouts: argoproj/argo-rollouts, manifests/crds
rollouts.argoproj.io | Desired:int, Current:int, Up-to-date:int, Available:int, Age:date
  5 | 5 | 5 | 5 | 60d                                           -> ok
  0 | | | | 60d                                                 -> ok
  | | | | 60d                                                   -> ok
  5 | 5 | 5 | 2 | 20s                                           -> changing NotAvailable
  5 | 5 | 5 | | 60d                                             -> warning NotAvailable
  5 | 5 | 5 | 3 | 60d ~ Available False 20s                     -> changing NotAvailable
analysisruns.argoproj.io | Status, Age:date
  Successful | 60d                                              -> ok
  Running | 60d                                                 -> ok
  Failed | 2h                                                   -> warning Failed
  Inconclusive | 2h                                             -> warning Inconclusive
  Error | 60d                                                   -> ok

# --- Argo Workflows: argoproj/argo-workflows, manifests/base/crds/full
workflows.argoproj.io | Status, Age:date, Message
  Succeeded | 60d |                                             -> ok
  Running | 3h |                                                -> ok
  Failed | 2h | child 'etl-1' failed                            -> warning Failed
  Error | 2h | pod deleted                                      -> warning Error
  Failed | 60d | child 'etl-1' failed                           -> ok
  Pending | 5h |                                                -> warning Pending

# --- Tekton: tektoncd/pipeline, config/300-crds; there is no age
pipelineruns.tekton.dev | Succeeded, Reason, StartTime:date, CompletionTime:date
  True | Completed | 60d | 60d                                  -> ok
  Unknown | Running | 3h |                                      -> changing Running
  Unknown | ResolvingPipelineRef | 2s |                         -> changing Running
  False | Failed | 3h | 2h                                      -> warning NotSucceeded
  False | Failed | 60d | 60d                                    -> ok
  False | Cancelled | 3h | 2h                                   -> ok
taskruns.tekton.dev | Succeeded, Reason, StartTime:date, CompletionTime:date
  True | Succeeded | 60d | 60d                                  -> ok
  False | TaskRunTimeout | 26h | 23h                            -> warning NotSucceeded
  False | TaskRunImagePullFailed | 60d | 30d                    -> ok
  False | TaskRunCancelled | 3h | 2h                            -> ok

# --- Elastic: elastic/cloud-on-k8s, config/crds/v1/all-crds.yaml
elasticsearches.elasticsearch.k8s.elastic.co | health, nodes:int, version, phase, age:date
  green | 3 | 8.15.0 | Ready | 60d                              -> ok
  unknown | | | ApplyingChanges | 20s                           -> changing HealthUnknown
  red | 3 | 8.15.0 | Ready | 60d                                -> error red
  yellow | 3 | 8.15.0 | Ready | 60d                             -> warning yellow
  purple | 3 | 8.15.0 | Ready | 60d                             -> unknown purple
  green | 3 | 8.15.0 | Stalled | 60d                            -> error Stalled
  green | 3 | 8.15.0 | MigratingData | 60d                      -> changing MigratingData
  unknown | 3 | 8.15.0 | Ready | 60d                            -> unknown HealthUnknown
kibanas.kibana.k8s.elastic.co | health, nodes:int, version, age:date
  green | 1 | 8.15.0 | 60d                                      -> ok
  red | | | 30s                                                 -> changing red
  red | | 8.15.0 | 60d                                          -> error red

# --- Karpenter: kubernetes-sigs/karpenter, kwok/charts/crds
nodeclaims.karpenter.sh | Type, Capacity, Zone, Node, Ready, Age:date
  m5.large | spot | eu-1a | ip-10-0-0-7 | True | 60d            -> ok
  | | | | Unknown | 7s                                          -> changing ReadyUnknown
  m5.large | spot | eu-1a | | Unknown | 47s                     -> changing ReadyUnknown
  m5.large | spot | eu-1a | | Unknown | 40m                     -> unknown ReadyUnknown
  m5.large | spot | eu-1a | ip-10-0-0-7 | False | 60d           -> warning NotReady
nodepools.karpenter.sh | NodeClass, Nodes, Ready, Age:date
  default | 12 | True | 60d                                     -> ok
  default | 0 | True | 60d                                      -> ok
  default | 0 | False | 60d                                     -> warning NotReady

# --- Crossplane: crossplane/crossplane, cluster/crds; a composite's are made by crossplane's internal/xcrd
xdatabases.acme.example | SYNCED, READY, COMPOSITION, AGE:date
  True | True | databases | 60d                                 -> ok
  True | False | databases | 40s                                -> changing NotReady
  True | False | databases | 60d                                -> warning NotReady
  False | True | databases | 60d                                -> warning NotSynced
providerrevisions.pkg.crossplane.io | HEALTHY, RUNTIME-HEALTHY, RUNTIME-ACTIVE, IMAGE, STATE, AGE:date
  True | True | True | aws:v1.2.0 | Active | 60d                -> ok
  True | | | aws:v1.1.0 | Inactive | 60d                        -> ok
  False | False | False | aws:v1.1.0 | Inactive | 60d           -> ok
  Unknown | Unknown | | aws:v1.2.0 | Active | 20s               -> changing HealthyUnknown
  False | True | True | aws:v1.2.0 | Active | 60d               -> warning NotHealthy
  True | False | True | aws:v1.2.0 | Active | 60d               -> warning NotRuntimeHealthy
managedresourcedefinitions.apiextensions.crossplane.io | STATE, ESTABLISHED, AGE:date
  Active | True | 60d                                           -> ok
  Inactive | False | 60d                                        -> ok
  Inactive | | 60d                                              -> ok
  Active | False | 60d                                          -> warning NotEstablished

# --- Longhorn: longhorn/longhorn-manager, k8s/crds.yaml
volumes.longhorn.io | Data Engine, State, Robustness, Scheduled, Size, Node, Age:date
  v1 | attached | healthy | True | 10737418240 | w1 | 60d       -> ok
  v1 | detached | unknown | True | 10737418240 | | 60d          -> ok
  v1 | attaching | unknown | True | 10737418240 | w1 | 60d      -> changing attaching
  v1 | attached | degraded | True | 10737418240 | w1 | 60d      -> warning degraded
  v1 | detached | faulted | True | 10737418240 | | 60d          -> error faulted
  v1 | attached | unknown | True | 10737418240 | w1 | 60d       -> unknown RobustnessUnknown
engines.longhorn.io | Data Engine, State, Node, InstanceManager, Image, Age:date
  v1 | running | w1 | im-1 | longhorn-engine:v1.7 | 60d         -> ok
  v1 | stopped | | | | 60d                                      -> ok
  v1 | error | w1 | im-1 | longhorn-engine:v1.7 | 60d           -> error error
backuptargets.longhorn.io | URL, Credential, LastBackupAt, Available:bool, LastSyncedAt
  s3://backups@eu/ | s3-secret | 5m0s | true | 2026-10-05T00:00:00Z -> ok
  | | 5m0s | false |                                            -> ok
  s3://backups@eu/ | s3-secret | 5m0s | false |                 -> warning NotAvailable
backuptargets.longhorn.io | Available:bool
  true                                                          -> ok
  false                                                         -> warning NotAvailable
nodes.longhorn.io | Ready, AllowScheduling:bool, Schedulable, Age:date
  True | true | True | 60d                                      -> ok
  True | false | False | 60d                                    -> ok
  False | true | False | 60d                                    -> warning NotReady

# --- Rook: rook/rook, deploy/charts/rook-ceph/templates/resources.yaml
cephclusters.ceph.rook.io | DataDirHostPath, MonCount, Age:date, Phase, Message, Health, External:bool, FSID
  /var/lib/rook | 3 | 60d | Ready | Cluster created successfully | HEALTH_OK | | 4f2a   -> ok
  | | 60d | Connected | Cluster connected successfully | HEALTH_OK | true | 4f2a        -> ok
  | | 20s | Connecting | Attempting to connect | | true |       -> changing Connecting
  /var/lib/rook | 3 | 60d | Ready | Cluster created successfully | HEALTH_WARN | | 4f2a -> warning HEALTH_WARN
  /var/lib/rook | 3 | 60d | Ready | Cluster created successfully | HEALTH_ERR | | 4f2a  -> error HEALTH_ERR
  /var/lib/rook | 3 | 60d | Failure | failed to start mons | HEALTH_OK | | 4f2a         -> error Failure
cephblockpools.ceph.rook.io | Phase, Type, FailureDomain, Age:date
  Ready | Replicated | host | 60d                               -> ok
  Progressing | Replicated | host | 20s                         -> changing Progressing
  Failure | Replicated | host | 60d                             -> error Failure

# --- VolumeSnapshots: kubernetes-csi/external-snapshotter, client/config/crd
volumesnapshots.snapshot.storage.k8s.io
| ReadyToUse:bool, SourcePVC, RestoreSize, SnapshotClass, CreationTime:date, Age:date
  true | data | 10Gi | csi | 60d | 60d                          -> ok
  false | data | | csi | | 15s                                  -> changing NotReadyToUse
  false | data | | csi | | 60d                                  -> warning NotReadyToUse

# --- KubeVirt: kubevirt/kubevirt, pkg/virt-operator/resource/generate/components/crds.go
virtualmachines.kubevirt.io | Age:date, Status, Ready
  60d | Running | True                                          -> ok
  60d | Stopped | False                                         -> ok
  60d | Paused | False                                          -> ok
  20s | Starting | False                                        -> changing NotReady
  60d | WaitingForVolumeBinding | False ~ Ready False 20s       -> changing NotReady
  60d | ErrorUnschedulable | False                              -> error ErrorUnschedulable
  60d | DataVolumeError | False                                 -> error DataVolumeError
  60d | ErrorPvcNotFound | False                                -> error ErrorPvcNotFound
  60d | CrashLoopBackOff | False                                -> error CrashLoopBackOff
  60d | Running | False                                         -> warning NotReady
  60d | Terminating | False ~ Ready False 60d                   -> warning Terminating
virtualmachineinstances.kubevirt.io | Age:date, Phase, IP, NodeName, Ready
  60d | Running | 10.0.0.7 | w1 | True                          -> ok
  60d | Succeeded | 10.0.0.7 | w1 | False                       -> ok
  20s | Scheduling | | | False                                  -> changing NotReady
  3h | Pending | | |                                            -> warning Pending
  60d | Failed | | w1 | False                                   -> error Failed

# --- CDI: kubevirt/containerized-data-importer, pkg/apis/core/v1beta1/types.go
datavolumes.cdi.kubevirt.io | Phase, Progress, Restarts:int, Age:date
  Succeeded | 100.0% | 0 | 60d                                  -> ok
  WaitForFirstConsumer | N/A | | 60d                            -> changing WaitForFirstConsumer
  ImportInProgress | 45.2% | 0 | 3m                             -> changing ImportInProgress
  SnapshotForSmartCloneInProgress | N/A | 0 | 3m                -> changing SnapshotForSmartCloneInProgress
  PendingPopulation | N/A | | 5h                                -> warning PendingPopulation
  Failed | N/A | 7 | 3h                                         -> error Failed

# --- Metal3: metal3-io/baremetal-operator, config/base/crds/bases; Online is what somebody wishes
baremetalhosts.metal3.io | State, Consumer, Online, Error, Age:date
  provisioned | worker-0 | true | | 60d                         -> ok
  available | | false | | 60d                                   -> ok
  externally provisioned | | true | | 60d                       -> ok
  unmanaged | | false | | 60d                                   -> ok
  inspecting | | true | | 10m                                   -> changing inspecting
  provisioning | worker-0 | true | | 10m                        -> changing provisioning
  provisioning | worker-0 | true | | 3h                         -> warning provisioning
  registering | | true | registration error | 10m               -> error registration-error
  provisioned | worker-0 | true | power management error | 60d  -> error power-management-error

# --- Cluster API: kubernetes-sigs/cluster-api, core/config/crd/bases; v1beta2, and what v1beta1 has in its place
clusters.cluster.x-k8s.io | ClusterClass, Available, CP Desired:int, CP Available:int, W Desired:int, Phase, Age:date
  quick | True | 3 | 3 | 5 | Provisioned | 60d                  -> ok
  quick | False | 3 | | 5 | Provisioning | 4m                   -> changing NotAvailable
  quick | False | 3 | 3 | 5 | Provisioned | 60d                 -> warning NotAvailable
  quick | False | 3 | | 5 | Provisioning | 60d ~ Available False 60d -> warning NotAvailable
  quick | | | | | Pending | 5h                                  -> warning Pending
  quick | False | 3 | | 5 | Failed | 60d                        -> error Failed
machines.cluster.x-k8s.io | Cluster, Node Name, Failure domain, Ready, Available, Up-to-date, Phase, Age:date
  one | ip-10-0-0-7 | a | True | True | True | Running | 60d    -> ok
  one | | a | False | False | True | Provisioning | 4m          -> changing NotReady
  one | ip-10-0-0-7 | a | False | False | True | Deleted | 60d  -> ok
  one | ip-10-0-0-7 | a | False | False | True | Deleting | 60d -> warning Deleting
  one | ip-10-0-0-7 | a | False | False | True | Running | 60d  -> warning NotReady
  one | | a | False | False | True | Failed | 60d               -> error Failed
machinedeployments.cluster.x-k8s.io
| Cluster, Available, Desired:int, Current:int, Ready:int, Available:int, Up-to-date:int, Phase, Age:date
  one | True | 3 | 3 | 3 | 3 | 3 | Running | 60d                -> ok
  one | True | 0 | 0 | | | | Running | 60d                      -> ok
  one | True | 5 | 5 | 3 | 3 | 5 | ScalingUp | 4m               -> changing NotReady
  one | False | 3 | 3 | | | 3 | Running | 60d                   -> warning NotReady
machinedeployments.cluster.x-k8s.io | Cluster, Replicas:int, Ready:int, Updated:int, Unavailable:int, Phase, Age:date
  one | 3 | 3 | 3 | 0 | Running | 60d                           -> ok
  one | 3 | 1 | 3 | 2 | Running | 60d                           -> warning NotReady

# --- CloudNativePG: cloudnative-pg/cloudnative-pg, config/crd/bases
clusters.postgresql.cnpg.io | Age:date, Instances:int, Ready:int, Status, Primary
  60d | 3 | 3 | Cluster in healthy state | db-1                 -> ok
  20s | 3 | | Setting up primary |                              -> changing NotReady
  60d | 3 | 2 | Creating a new replica | db-1 ~ Ready False 20s -> changing NotReady
  60d | 3 | 3 | Switchover in progress | db-1                   -> changing Switchover-in-progress
  60d | 3 | 2 | Failing over | db-1 ~ Ready False 20s           -> changing NotReady
  60d | 3 | 3 | Primary instance is being restarted in-place | db-1 -> changing Primary-instance-*
  60d | 3 | 3 | Waiting for user action | db-1                  -> warning Waiting-for-user-action
  60d | 3 | 1 | Cluster in healthy state | db-1                 -> warning NotReady
  60d | 3 | | Cluster in healthy state | db-1                   -> warning NotReady
  60d | 3 | 3 | Cluster is unrecoverable and needs manual intervention | db-1 -> error Cluster-is-unrecoverable-*
  60d | 3 | 3 | Unable to create required cluster objects | db-1 -> error Unable-to-create-*
backups.postgresql.cnpg.io | Age:date, Cluster, Method, Phase, Error
  60d | db | plugin | completed |                               -> ok
  3m | db | plugin | running |                                  -> ok
  3h | db | plugin | failed | can't execute backup: exit status 1 -> warning failed
  3h | db | plugin | walArchivingFailing |                      -> warning walArchivingFailing
  60d | db | plugin | failed | can't execute backup: exit status 1 -> ok

# --- Zalando's operator: zalando/postgres-operator, charts/postgres-operator/crds
postgresqls.acid.zalan.do | Team, Version, Pods:int, Volume, CPU-Request, Memory-Request, Age:date, Status
  acme | 16 | 2 | 10Gi | 100m | 1Gi | 60d | Running             -> ok
  acme | 16 | 2 | 10Gi | 100m | 1Gi | 60d | Updating            -> changing Updating
  acme | 16 | 2 | 10Gi | 100m | 1Gi | 60d | SyncFailed          -> error SyncFailed
  acme | 16 | 2 | 10Gi | 100m | 1Gi | 60d | CreateFailed        -> error CreateFailed
  acme | 16 | 2 | 10Gi | 100m | 1Gi | 60d | Invalid             -> warning Invalid

# --- Strimzi: strimzi/strimzi-kafka-operator, helm-charts/helm3/strimzi-kafka-operator/crds; there is no age
kafkas.kafka.strimzi.io | Ready, Warnings, Kafka version, Metadata version
  True | | 4.0.0 | 4.0-IV3                                      -> ok
  True | True | 4.0.0 | 4.0-IV3                                 -> ok
  | | |                                                         -> ok
  False | | 4.0.0 | 4.0-IV3 ~ Ready False 60s                   -> changing NotReady
  False | | 4.0.0 | 4.0-IV3 ~ Ready False 3h                    -> warning NotReady
kafkatopics.kafka.strimzi.io | Cluster, Partitions:int, Replication factor:int, Ready
  main | 12 | 3 | True                                          -> ok
  main | 12 | 3 | False                                         -> warning NotReady
kafkarebalances.kafka.strimzi.io | Cluster, Template, Status
  main | | ProposalReady                                        -> ok
  main | | Stopped                                              -> ok
  main | | PendingProposal                                      -> changing PendingProposal
  main | | Rebalancing                                          -> changing Rebalancing
  main | | NotReady                                             -> warning NotReady

# --- RabbitMQ: rabbitmq/cluster-operator, config/crd/bases
rabbitmqclusters.rabbitmq.com | AllReplicasReady, ReconcileSuccess, Age:date
  True | True | 60d                                             -> ok
  False | Unknown | 30s                                         -> changing ReconcileSuccessUnknown
  False | True | 60d                                            -> warning NotAllReplicasReady
  True | False | 60d                                            -> warning NotReconcileSuccess

# --- Velero: vmware-tanzu/velero, config/crd/v1/bases; backups and restores print nothing but their age
backups.velero.io | Age:date
  60d                                                           -> ok
restores.velero.io | Age:date
  60d                                                           -> ok
podvolumebackups.velero.io
| Status, Started:date, Bytes Done:int, Total Bytes:int, Storage Location, Age:date, Node, Uploader
  Completed | 60d | 5 | 5 | default | 60d | w1 | kopia          -> ok
  Prepared | | | | default | 20s | w1 | kopia                   -> changing Prepared
  Canceling | 20s | 2 | 5 | default | 20s | w1 | kopia          -> changing Canceling
  Failed | 3h | 2 | 5 | default | 3h | w1 | kopia               -> warning Failed
  Failed | 60d | 2 | 5 | default | 60d | w1 | kopia             -> ok
backupstoragelocations.velero.io | Phase, Last Validated:date, Age:date, Default:bool
  Available | 30s | 60d | true                                  -> ok
  Unavailable | 30s | 60d | true                                -> warning Unavailable
schedules.velero.io | Status, Schedule, LastBackup:date, Age:date, Paused:bool
  Enabled | 0 4 * * * | 9h | 60d |                              -> ok
  FailedValidation | 0 4 * * | | 60d |                          -> error FailedValidation

# --- Flagger: fluxcd/flagger, artifacts/flagger/crd.yaml; there is no age
canaries.flagger.app | Status, Weight, LastTransitionTime
  Initialized | 0 | 2026-10-05T00:00:00Z                        -> ok
  Succeeded | 0 | 2026-10-05T00:00:00Z                          -> ok
  Progressing | 20 | 2026-10-05T00:00:00Z                       -> changing Progressing
  Promoting | 0 | 2026-10-05T00:00:00Z                          -> changing Promoting
  Finalising | 0 | 2026-10-05T00:00:00Z                         -> changing Finalising
  Failed | 0 | 2026-10-05T00:00:00Z                             -> error Failed

# --- Knative: knative/serving, config/core/300-resources, and networking's config; there is no age
services.serving.knative.dev | URL, LatestCreated, LatestReady, Ready, Reason
  http://web | web-00001 | web-00001 | True |                   -> ok
  http://web | web-00002 | web-00001 | Unknown | RevisionMissing ~ Ready Unknown 9s -> changing ReadyUnknown
  http://web | web-00002 | web-00001 | False | RevisionMissing  -> warning NotReady
revisions.serving.knative.dev | Config Name, Generation, Ready, Reason, Actual Replicas:int, Desired Replicas:int
  web | 1 | True | | 0 | 0                                      -> ok
  web | 1 | True | | 1 | 1                                      -> ok
  web | 2 | Unknown | Deploying | 0 | 1 ~ Ready Unknown 9s      -> changing ReadyUnknown
  web | 2 | False | ExitCode1 | 0 | 1                           -> warning NotReady
podautoscalers.autoscaling.internal.knative.dev | DesiredScale:int, ActualScale:int, Ready, Reason
  1 | 1 | True |                                                -> ok
  0 | 0 | False | NoTraffic                                     -> ok
  1 | 0 | Unknown | Queued ~ Ready Unknown 9s                   -> changing ReadyUnknown
  1 | 0 | False | ExceededReadinessChecks                       -> warning NotReady
serverlessservices.networking.internal.knative.dev
| Mode, Activators:int, ServiceName, PrivateServiceName, Ready, Reason
  Serve | 3 | web-00001 | web-00001-private | True |            -> ok
  Proxy | 3 | web-00001 | web-00001-private | Unknown | NoHealthyBackends -> ok

# --- KEDA: kedacore/keda, config/crd/bases
scaledobjects.keda.sh
| ScaleTargetKind, ScaleTargetName, Min:int, Max:int, Ready, Active, Fallback, Paused, Triggers, Age:date
  apps/v1.Deployment | web | 0 | 10 | True | False | False | False | kafka | 60d -> ok
  apps/v1.Deployment | web | 0 | 10 | True | True | False | True | kafka | 60d   -> ok
  apps/v1.Deployment | web | 0 | 10 | Unknown | Unknown | Unknown | Unknown | kafka | 2s -> changing ReadyUnknown
  apps/v1.Deployment | web | 0 | 10 | False | False | False | Unknown | kafka | 60d -> warning NotReady

# --- Spark: kubeflow/spark-operator, charts/spark-operator-chart/crds
sparkapplications.sparkoperator.k8s.io | Suspend:bool, Status, Attempts, Start, Finish, Age:date
  | COMPLETED | 1 | 2026-09-05T00:00:00Z | 2026-09-05T01:00:00Z | 60d -> ok
  | RUNNING | 1 | 2026-09-05T00:00:00Z | | 60d                  -> ok
  | SUBMITTED | 1 | 2026-09-05T00:00:00Z | | 20s                -> changing SUBMITTED
  | PENDING_RERUN | 2 | 2026-09-05T00:00:00Z | | 20s            -> changing PENDING_RERUN
  | SUBMISSION_FAILED | 3 | | | 3h                              -> warning SUBMISSION_FAILED
  | FAILED | 3 | 2026-01-05T00:00:00Z | | 3h                    -> warning FAILED
  | FAILED | 3 | 2026-01-05T00:00:00Z | 2026-01-05T01:00:00Z | 60d -> ok

# --- Flink: apache/flink-kubernetes-operator, helm/flink-kubernetes-operator/crds; there is no age
flinkdeployments.flink.apache.org | Job Status, Lifecycle State
  RUNNING | STABLE                                              -> ok
  RECONCILING | DEPLOYED                                        -> ok
  FINISHED | STABLE                                             -> ok
  FAILED | STABLE                                               -> error FAILED
  RUNNING | ROLLED_BACK                                         -> error ROLLED_BACK

# --- Prometheus: prometheus-operator/prometheus-operator, example/prometheus-operator-crd-full
prometheuses.monitoring.coreos.com | Version, Desired:int, Ready:int, Reconciled, Available, Age:date
  v3.5.0 | 2 | 2 | True | True | 60d                            -> ok
  v3.5.0 | | 1 | True | True | 60d                              -> ok
  v3.5.0 | 2 | 0 | True | False | 20s                           -> changing NotReady
  v3.5.0 | 2 | 1 | True | Degraded | 60d                        -> warning Degraded
  v3.5.0 | 2 | 2 | False | True | 60d                           -> warning NotReconciled
alertmanagers.monitoring.coreos.com | Version, Replicas:int, Ready:int, Reconciled, Available, Age:date
  v0.28.1 | 3 | 3 | True | True | 60d                           -> ok
  v0.28.1 | 3 | 0 | True | False | 60d                          -> warning NotReady

# --- VictoriaMetrics: VictoriaMetrics/operator, config/crd/overlay
vmclusters.operator.victoriametrics.com | Insert Count, Storage Count, Select Count, Age:date, Status
  2 | 3 | 2 | 60d | operational                                 -> ok
  2 | 3 | 2 | 60d | paused                                      -> ok
  2 | 3 | 2 | 60d | expanding                                   -> changing expanding
  2 | 3 | 2 | 60d | failed                                      -> error failed

# --- secrets: external-secrets/external-secrets, config/crds/bases; bitnami-labs/sealed-secrets, helm/sealed-secrets
externalsecrets.external-secrets.io | StoreType, Store, Refresh Interval, Status, Ready, Last Sync:date
  SecretStore | vault | 1h0m0s | SecretSynced | True | 20m      -> ok
  SecretStore | vault | 1h0m0s | SecretSyncedError | False | 2d -> error SecretSyncedError
  SecretStore | vault | 1h0m0s | SecretMissing | False | 2d     -> warning NotReady
  SecretStore | vault | 1h0m0s | | |                            -> ok
secretstores.external-secrets.io | AGE:date, Status, Capabilities, Ready
  60d | Valid | ReadWrite | True                                -> ok
  60d | InvalidProviderConfig | ReadWrite | False               -> warning NotReady
  60d | ValidationUnknown | ReadWrite | False ~ Ready False 20s -> changing NotReady
sealedsecrets.bitnami.com | Status, Synced, Age:date
  | True | 60d                                                  -> ok
  no key could decrypt secret (password) | False | 60d          -> warning NotSynced

# --- Gateway API: kubernetes-sigs/gateway-api, config/crd/experimental
gateways.gateway.networking.k8s.io | Class, Address, Programmed, Age:date
  istio | 10.0.0.9 | True | 60d                                 -> ok
  istio | | Unknown | 5s                                        -> changing ProgrammedUnknown
  istio | | Unknown | 60d                                       -> unknown ProgrammedUnknown
  istio | | False | 60d                                         -> warning NotProgrammed
httproutes.gateway.networking.k8s.io | Hostnames, Age:date
  ["www.acme.example"] | 60d                                    -> ok

# --- Istio: istio/api, kubernetes/customresourcedefinitions.gen.yaml; its gateways print nothing but their age
virtualservices.networking.istio.io | Gateways, Hosts, Age:date
  ["web"] | ["www.acme.example"] | 60d                          -> ok
gateways.networking.istio.io | Age:date
  60d                                                           -> ok

# --- OLM: operator-framework/api, crds; there is no age
clusterserviceversions.operators.coreos.com | Display, Version, Release, Replaces, Phase
  Acme | 1.2.0 | | acme.v1.1.0 | Succeeded                      -> ok
  Acme | 1.2.0 | | acme.v1.1.0 | InstallReady                   -> changing InstallReady
  Acme | 1.1.0 | | acme.v1.0.0 | Replacing                      -> changing Replacing
  Acme | 1.2.0 | | acme.v1.1.0 | Failed                         -> error Failed
installplans.operators.coreos.com | CSV, Approval, Approved:bool
  acme.v1.2.0 | Automatic | true                                -> ok
  acme.v1.2.0 | Manual | false                                  -> ok

# --- OpenShift: openshift/api, */zz_generated.crd-manifests; builds are printed by its own API server
clusteroperators.config.openshift.io | Version, Available, Progressing, Degraded, Since:date
  4.18.1 | True | False | False | 60d                           -> ok
  4.18.1 | True | True | False | 60d                            -> changing Progressing
  4.18.1 | True | False | True | 60d                            -> warning Degraded
  4.18.1 | False | False | True | 3h ~ Available False 3h       -> error NotAvailable
  4.18.1 | False | True | False | 20s ~ Available False 20s     -> changing NotAvailable
  4.18.1 | False | False | True | 20s ~ Available False 20s     -> warning NotAvailable
machinesets.machine.openshift.io | Desired:int, Current:int, Ready:int, Available, Age:date
  3 | 3 | 3 | 3 | 60d                                           -> ok
  0 | 0 | | | 60d                                               -> ok
  3 | 3 | | | 3m                                                -> changing NotReady
  3 | 3 | 3 | 2 | 60d                                           -> warning NotAvailable
  3 | 3 | | | 60d                                               -> warning NotReady
builds.build.openshift.io | Type, From, Status, Started, Duration
  Source | Git@4f2a | Complete | 5 days ago | 2m5s              -> ok
  Source | Git@4f2a | Running | 2 minutes ago |                 -> ok
  Source | Git@4f2a | New | |                                   -> changing New
  Source | Git@4f2a | Cancelled (CancelledBuild) | 3 hours ago | 5s -> ok
  Source | Git@4f2a | Failed (BuildPodEvicted) | 3 hours ago | 5s -> warning Failed-BuildPodEvicted
  Source | Git@4f2a | Failed (DockerBuildFailed) | 5 days ago | 5s -> ok
routes.route.openshift.io | Host, Admitted, Service, TLS
  www.acme.example | True | web | edge                          -> ok
  www.acme.example | False | web | edge                         -> warning NotAdmitted
"""


class Case(NamedTuple):
    """One row of the table."""

    kind: str
    columns: str
    cells: str
    look: str
    expected: str


def _cases() -> Iterator[Case]:
    kind = columns = ""
    for line in TABLE.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("| "):
            columns = line.removeprefix("| ")
            continue
        if not line.startswith(" "):
            kind, _, columns = line.partition(" | ")
            continue
        row, _, expected = line.rpartition("->")
        cells, _, look = row.partition("~")
        yield Case(kind, columns, cells.strip(), look.strip(), expected.strip())


CASES = list(_cases())


def _columns(text: str) -> tuple[ColumnDefinition, ...]:
    names = [column.strip().partition(":") for column in text.split(",")]
    types = {"": "string", "int": "integer", "bool": "boolean", "date": "date"}
    return (ColumnDefinition("Name", format="name"), *(ColumnDefinition(it, types[of]) for it, _, of in names))


def _cell(text: str, column: ColumnDefinition) -> Cell:
    """As the server sends it: None for nothing, and typed where the column is."""
    if not text:
        return None
    if column.type == "integer":
        return int(text)
    return text == "true" if column.type == "boolean" else text


def _looked_at(look: str) -> tuple[Detail, ...] | None:
    """`Ready False 40s`: the condition, and for how long it is so."""
    if not look:
        return None
    name, truth, span = look.split()
    since = datetime.fromtimestamp(now_epoch() - (span_s(span) or 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = ObjectStatus((Condition(name, truth, last_transition_time=since),))
    return (Detail(DetailMeta(name="one"), status),)


def _kind(name: str) -> Kind:
    resource, _, group = name.partition(".")
    return a_kind(resource, group)


def _suspect(case: Case) -> Suspect | None:
    """What the row alone says."""
    kind, columns = _kind(case.kind), _columns(case.columns)
    texts = [text.strip() for text in case.cells.split("|")]
    cells = tuple(_cell(text, column) for text, column in zip(texts, columns[1:], strict=True))
    row, places = Row("shop", "one", ("one", *cells)), Places(columns)
    symptom = judge_of(kind, places, columns, Policy())(row)
    if symptom is None:
        return None
    return Suspect(object=Thing(kind, "shop", "one"), symptom=symptom, age_s=places.age_s(row))


def _told(case: Case) -> str:
    """How bad, and why."""
    suspect = _suspect(case)
    finding = conclude(suspect, _looked_at(case.look), grace_s=Policy().grace_s) if suspect is not None else None
    return f"{finding.health} {finding.reason}" if finding is not None else "ok"


def _name(case: Case) -> str:
    return f"{case.kind.partition('.')[0]}: {case.cells}"[:70]


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_an_operators_object_is_judged_as_it_is_meant(case: Case) -> None:
    told = _told(case)
    assert told == case.expected or fnmatchcase(told, case.expected)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_what_passes_is_looked_at_in_every_format(case: Case) -> None:
    """Whether somebody asked for reasons, too, may not decide how bad it is."""
    suspect = _suspect(case)
    assert suspect is None or not suspect.symptom.passes or suspect.symptom.look == "verdict"


def test_a_kind_has_rows_that_are_well() -> None:
    assert {it.kind for it in CASES} == {it.kind for it in CASES if it.expected == "ok"}
