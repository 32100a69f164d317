#include "render/file_names.hpp"

#include "render/clean.hpp"

namespace tasks::render {

namespace {

// "../../src/server.cpp", as __FILE__ has it where a program is built so, of "/srv/payments/src/server.cpp".
bool is_end_of(std::string_view relative, std::string_view path) {
    if (relative.starts_with('/')) {
        return false;
    }
    while (relative.starts_with("../") || relative.starts_with("./")) {
        relative.remove_prefix(relative.find('/') + 1);
    }
    return path.ends_with(relative) && path.size() > relative.size() && path[path.size() - relative.size() - 1] == '/';
}

} // namespace

FileNames::FileNames(const inspect::StackReport& report) {
    for (const auto& shape : report.shapes) {
        for (const auto& frame : shape.frames) {
            add(frame.file);
        }
        for (const auto* place : {&shape.created_by, &shape.waits_at}) {
            if (*place) {
                add((*place)->file);
            }
        }
    }
    add(report.waits);
}

FileNames::FileNames(const inspect::WaitGraph& waits) { add(waits); }

void FileNames::add(const inspect::WaitGraph& waits) {
    for (const auto& place : waits.places) {
        for (const auto& frame : place.frames) {
            add(frame.file);
        }
    }
}

void FileNames::add(std::string_view path) {
    const auto [known, added] = path_of_.try_emplace(base_name(path), path);
    if (added || known->second == path || is_end_of(path, known->second)) {
        return;
    }
    if (is_end_of(known->second, path)) {
        known->second = path;
    } else {
        ambiguous_.insert(known->first);
    }
}

std::string FileNames::place(std::string_view path, std::uint32_t line) const {
    const auto base = base_name(path);
    auto text = clean(ambiguous_.contains(base) ? path : base);
    if (line != 0) {
        text.append(":").append(std::to_string(line));
    }
    return text;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

} // namespace tasks::render
