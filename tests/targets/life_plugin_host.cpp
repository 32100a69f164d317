// life_plugin_host HOW PLUGIN: closed (the plugin ends its agent, then it is closed), left (it is closed while its
// agent runs), again (opened and closed ten times), second (the host has an agent, then the plugin gets one), first
// (the other way round), preload (no plugin: the shared library is in LD_PRELOAD). Linked with AGENT or, for `closed`,
// `left` and `again`, without.
#include <dlfcn.h>

#include <optional>
#include <thread>

#ifdef TASKS_TARGET_AGENT
#include <tasks/job.hpp>
#endif

#include "life_host.hpp"

namespace {

class Plugin {
public:
    explicit Plugin(const char* path) : library_(::dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
        if (library_ == nullptr) {
            life::say("%s\n", ::dlerror());
            ::_exit(2);
        }
    }
    void begin() {
        const auto begin = reinterpret_cast<const char* (*)()>(::dlsym(library_, "plugin_begin"));
        life::say("at plugin: %s\n", begin());
    }
    void end() { reinterpret_cast<void (*)()>(::dlsym(library_, "plugin_end"))(); }
    void close() { ::dlclose(library_); }

private:
    void* library_;
};

void closed(Plugin& plugin) {
    plugin.begin();
    life::pause("plugin");
    plugin.end();
    plugin.close();
    life::pause("closed");
}

void left(Plugin& plugin) {
    plugin.begin();
    plugin.close();
    life::pause("left");
    std::thread{[] {}}.join(); // its end runs the hooks of all keys
}

void again(const char* path) {
    for (int at = 0; at < 10; ++at) {
        Plugin plugin{path};
        plugin.begin();
        plugin.end();
        plugin.close();
    }
    life::pause("closed");
}

#ifdef TASKS_TARGET_AGENT
class Host {
public:
    void begin() {
        agent_.emplace(tasks::AgentOptions{.name = "host"});
        queued_.emplace("of the host");
        life::say("at host: %s\n", agent_->error().data());
    }
    void end() {
        queued_.reset();
        agent_.reset();
    }

private:
    std::optional<tasks::Agent> agent_;
    std::optional<tasks::JobHandle> queued_;
};

/// Two copies of the agent in one process. Each that ends leaves the other one alone.
void both(Plugin& plugin, bool plugin_first) {
    Host host;
    plugin_first ? plugin.begin() : host.begin();
    plugin_first ? host.begin() : plugin.begin();
    life::pause("both");
    plugin_first ? host.end() : plugin.end();
    life::pause("one");
    plugin_first ? plugin.end() : host.end();
    life::pause("none");
    plugin_first ? host.begin() : plugin.begin();
    life::pause("other");
    plugin_first ? host.end() : plugin.end();
    plugin.close();
}

void preload() {
    Host host;
    host.begin();
    life::pause("running");
    host.end();
    life::pause("ended");
}
#endif

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    if (how.is(0, "again")) {
        again(how[1]);
        return 0;
    }
#ifdef TASKS_TARGET_AGENT
    if (how.is(0, "preload")) {
        preload();
        return 0;
    }
#endif
    Plugin plugin{how[1]};
    if (how.is(0, "closed"))
        closed(plugin);
    else if (how.is(0, "left"))
        left(plugin);
#ifdef TASKS_TARGET_AGENT
    else if (how.is(0, "first") || how.is(0, "second"))
        both(plugin, how.is(0, "first"));
#endif
    else
        return 2;
    if (!how.is(0, "left"))
        life::say("%d fds, %d threads\n", life::fds(), life::threads());
    return 0;
}
