// A plugin that links the static agent: life_plugin_host opens and closes it.
#include <tasks/agent.hpp>
#include <tasks/job.hpp>

namespace {

// Not static objects: dlclose() would end them, and the agent with them.
tasks::Agent* agent = nullptr;
tasks::JobHandle* queued = nullptr;

} // namespace

extern "C" {

TASKS_EXPORT const char* plugin_begin() {
    agent = new tasks::Agent{{.name = "plugin"}};
    queued = new tasks::JobHandle{"of the plugin"};
    return agent->error().data();
}

TASKS_EXPORT void plugin_end() {
    delete queued;
    delete agent;
}
}
