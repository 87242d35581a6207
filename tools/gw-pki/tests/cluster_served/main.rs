//! The tool and a gateway that serves (OPENSHELL_TEST_GATEWAY, OPENSHELL_TEST_CONFIG).

mod change;
mod hunt;
mod others;
mod scene;
mod time;
