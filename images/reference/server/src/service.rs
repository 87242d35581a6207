//! `openshell.v1`: who may call what.

use std::sync::Arc;

use reference_base::api::open_shell_server::OpenShell;
use reference_base::api::{
    CreateSandboxRequest, CreateSshSessionRequest, CreateSshSessionResponse, DeleteSandboxRequest,
    DeleteSandboxResponse, ExecSandboxEvent, ExecSandboxRequest, GatewayMessage, GetGatewayInfoRequest,
    GetGatewayInfoResponse, GetSandboxRequest, HealthRequest, HealthResponse, ListSandboxesRequest,
    ListSandboxesResponse, RelayFrame, ReportMainProcessExitRequest, ReportMainProcessExitResponse,
    SandboxResponse, ServiceStatus, StartSandboxRequest, StopSandboxRequest, SupervisorMessage,
};
use reference_base::streams::Received;
use tonic::{Request, Response, Status, Streaming};

use crate::settings::Generation;
use crate::store::Record;
use crate::world::World;
use crate::{exec, supervisors, users};

/// The service.
pub struct Service(pub Arc<World>);

impl Service {
    /// A user's call.
    fn of_user<T>(&self, request: Request<T>) -> Result<T, Status> {
        if !self.0.allow_unauthenticated {
            return Err(match request.metadata().get("authorization") {
                None => Status::unauthenticated("missing authorization header"),
                Some(_) => Status::unauthenticated("invalid token"),
            });
        }
        Ok(request.into_inner())
    }

    /// A call that the server of v0.0.22 does not have.
    fn of_today(&self) -> Result<(), Status> {
        if self.0.settings.generation == Generation::First {
            return Err(Status::unimplemented("the server of v0.0.22 does not have it"));
        }
        Ok(())
    }
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

fn answer(record: Record) -> Response<SandboxResponse> {
    Response::new(SandboxResponse {
        sandbox: Some(users::told(record)),
    })
}

#[tonic::async_trait]
impl OpenShell for Service {
    async fn health(&self, _: Request<HealthRequest>) -> Result<Response<HealthResponse>, Status> {
        Ok(Response::new(HealthResponse {
            status: ServiceStatus::Healthy.into(),
            version: version(),
        }))
    }

    async fn get_gateway_info(
        &self,
        _: Request<GetGatewayInfoRequest>,
    ) -> Result<Response<GetGatewayInfoResponse>, Status> {
        self.of_today()?;
        Ok(Response::new(GetGatewayInfoResponse {
            status: ServiceStatus::Healthy.into(),
            gateway_version: version(),
        }))
    }

    async fn create_sandbox(
        &self,
        request: Request<CreateSandboxRequest>,
    ) -> Result<Response<SandboxResponse>, Status> {
        let request = self.of_user(request)?;
        Ok(answer(users::create(&self.0, request).await?))
    }

    async fn get_sandbox(
        &self,
        request: Request<GetSandboxRequest>,
    ) -> Result<Response<SandboxResponse>, Status> {
        let request = self.of_user(request)?;
        let found = users::named(&self.0, request.workspace_scope.as_ref(), &request.name)?;
        Ok(answer(found))
    }

    async fn list_sandboxes(
        &self,
        request: Request<ListSandboxesRequest>,
    ) -> Result<Response<ListSandboxesResponse>, Status> {
        let request = self.of_user(request)?;
        Ok(Response::new(users::list(&self.0, &request)?))
    }

    async fn delete_sandbox(
        &self,
        request: Request<DeleteSandboxRequest>,
    ) -> Result<Response<DeleteSandboxResponse>, Status> {
        let request = self.of_user(request)?;
        Ok(Response::new(users::delete(&self.0, &request).await?))
    }

    async fn stop_sandbox(
        &self,
        request: Request<StopSandboxRequest>,
    ) -> Result<Response<SandboxResponse>, Status> {
        self.of_today()?;
        let request = self.of_user(request)?;
        let found = users::named(&self.0, request.workspace_scope.as_ref(), &request.name)?;
        Ok(answer(users::set_running(&self.0, &found, false).await?))
    }

    async fn start_sandbox(
        &self,
        request: Request<StartSandboxRequest>,
    ) -> Result<Response<SandboxResponse>, Status> {
        self.of_today()?;
        let request = self.of_user(request)?;
        let found = users::named(&self.0, request.workspace_scope.as_ref(), &request.name)?;
        Ok(answer(users::set_running(&self.0, &found, true).await?))
    }

    async fn create_ssh_session(
        &self,
        request: Request<CreateSshSessionRequest>,
    ) -> Result<Response<CreateSshSessionResponse>, Status> {
        let request = self.of_user(request)?;
        Ok(Response::new(users::ssh_session(&self.0, &request)?))
    }

    type ExecSandboxStream = Received<Result<ExecSandboxEvent, Status>>;

    async fn exec_sandbox(
        &self,
        request: Request<ExecSandboxRequest>,
    ) -> Result<Response<Self::ExecSandboxStream>, Status> {
        self.of_today()?;
        let request = self.of_user(request)?;
        let found = users::named(&self.0, request.workspace_scope.as_ref(), &request.sandbox)?;
        Ok(Response::new(exec::run(&self.0, &found, &request).await?))
    }

    type ConnectSupervisorStream = Received<Result<GatewayMessage, Status>>;

    async fn connect_supervisor(
        &self,
        request: Request<Streaming<SupervisorMessage>>,
    ) -> Result<Response<Self::ConnectSupervisorStream>, Status> {
        self.of_today()?;
        let session = supervisors::connect(self.0.clone(), request.into_inner()).await?;
        Ok(Response::new(session))
    }

    async fn report_main_process_exit(
        &self,
        request: Request<ReportMainProcessExitRequest>,
    ) -> Result<Response<ReportMainProcessExitResponse>, Status> {
        self.of_today()?;
        supervisors::main_process_ended(&self.0, request.get_ref())?;
        Ok(Response::new(ReportMainProcessExitResponse {}))
    }

    type RelayStreamStream = Received<Result<RelayFrame, Status>>;

    async fn relay_stream(
        &self,
        request: Request<Streaming<RelayFrame>>,
    ) -> Result<Response<Self::RelayStreamStream>, Status> {
        self.of_today()?;
        let relay = supervisors::relay(&self.0, request.into_inner()).await?;
        Ok(Response::new(relay))
    }
}
