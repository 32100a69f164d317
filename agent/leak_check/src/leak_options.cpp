#include "leak_options.hpp"

#include <cstdlib>
#include <utility>

#include <tasks/leak_check.hpp>

#include "living_tasks.hpp"
#include "scopes.hpp"
#include "watched_threads.hpp"

namespace tasks {

using leaks::PatternKind;

namespace leaks {

Living living_now() {
    Living living;
    each_living(Scopes::the().table(), [&](const LivingTask& task) { living.ids.insert(task.id); });
    for (const WatchedThread& thread : watched_threads())
        living.threads.insert(thread.serial);
    return living;
}

namespace {

void add(Options& options, PatternKind kind, std::string_view text) {
    options.patterns.push_back({kind, std::string(text), false});
}

} // namespace
} // namespace leaks

LeakOptions::LeakOptions() : options_(std::make_unique<leaks::Options>()) {
    if (const char* path = std::getenv("TASKS_LEAK_IGNORE"); path != nullptr && *path != '\0')
        ignore_from(path);
}

LeakOptions::LeakOptions(const LeakOptions& other) : options_(std::make_unique<leaks::Options>(*other.options_)) {}

LeakOptions& LeakOptions::operator=(const LeakOptions& other) {
    *options_ = *other.options_;
    return *this;
}

LeakOptions::~LeakOptions() = default;

LeakOptions& LeakOptions::ignore_top_function(std::string_view function) {
    leaks::add(*options_, PatternKind::top, function);
    return *this;
}

LeakOptions& LeakOptions::ignore_any_function(std::string_view function) {
    leaks::add(*options_, PatternKind::any, function);
    return *this;
}

LeakOptions& LeakOptions::ignore_created_by(std::string_view function) {
    leaks::add(*options_, PatternKind::created_by, function);
    return *this;
}

LeakOptions& LeakOptions::ignore_name(std::string_view name) {
    leaks::add(*options_, PatternKind::name, name);
    return *this;
}

LeakOptions& LeakOptions::ignore_label(std::string_view key, std::string_view text) {
    leaks::add(*options_, PatternKind::label, std::string(key) + "=" + std::string(text));
    return *this;
}

LeakOptions& LeakOptions::ignore_library(std::string_view file) {
    leaks::add(*options_, PatternKind::library, file);
    return *this;
}

LeakOptions& LeakOptions::ignore_current() {
    leaks::Scopes::the().start_agent(); // what begins from now on must be seen; a problem is told by the search
    options_->current = leaks::living_now();
    if (options_->scan_memory)
        options_->current->coroutines = leaks::all_coroutine_frames();
    return *this;
}

LeakOptions& LeakOptions::ignore_from(std::string_view path) {
    leaks::read_patterns(std::string(path), options_->patterns, options_->problems);
    return *this;
}

LeakOptions& LeakOptions::cleanup(void (*function)(int status)) {
    options_->cleanup = function;
    return *this;
}

LeakOptions& LeakOptions::run_on_failure(bool yes) {
    options_->run_on_failure = yes;
    return *this;
}

void LeakOptions::clean_up(int status) const {
    if (options_->cleanup != nullptr)
        options_->cleanup(status);
}

bool LeakOptions::all_on_failure() const noexcept { return options_->run_on_failure; }

LeakOptions& LeakOptions::timeout(std::chrono::nanoseconds patience) {
    options_->timeout = patience;
    return *this;
}

LeakOptions& LeakOptions::until(std::stop_token stop) {
    options_->stop = std::move(stop);
    return *this;
}

LeakOptions& LeakOptions::whole_process(bool yes) {
    options_->whole_process = yes;
    return *this;
}

LeakOptions& LeakOptions::scan_memory(bool yes) {
    options_->scan_memory = yes;
    if (yes && options_->current)
        options_->current->coroutines = leaks::all_coroutine_frames();
    return *this;
}

const std::vector<std::string>& leaks_ignored_always() {
    static const auto& lines = *new std::vector<std::string>{[] {
        std::vector<std::string> made;
        for (const auto& pattern : leaks::built_in_patterns())
            made.push_back(leaks::line_of(pattern));
        return made;
    }()};
    return lines;
}

} // namespace tasks
