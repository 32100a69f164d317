#include "render/columns.hpp"

#include <algorithm>
#include <utility>

#include "render/clean.hpp"

namespace tasks::render {

Columns::Columns(std::vector<Column> columns) : columns_(std::move(columns)) {
    for (const auto& column : columns_) {
        widths_.push_back(std::max(width(column.title), column.least_width));
    }
}

void Columns::add(Row row) {
    row.cells.resize(columns_.size());
    for (std::size_t at = 0; at < row.cells.size(); ++at) {
        widths_[at] = std::max(widths_[at], width(row.cells[at]));
    }
    rows_.push_back(std::move(row));
}

void Columns::write(const Colour& colour, Sink& sink) const {
    std::vector<std::string> titles;
    for (const auto& column : columns_) {
        titles.push_back(column.title);
    }
    sink.write(colour.bold(line(titles)) + "\n");
    for (const auto& row : rows_) {
        const auto text = line(row.cells);
        sink.write((row.alarm ? colour.alarm(text) : text) + "\n");
    }
}

std::string Columns::line(const std::vector<std::string>& cells) const {
    std::string text;
    for (std::size_t at = 0; at < cells.size(); ++at) {
        const std::string blanks(widths_[at] - width(cells[at]), ' ');
        text += at == 0 ? "" : "  ";
        text += columns_[at].align == Align::right ? blanks + cells[at] : cells[at] + blanks;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

} // namespace tasks::render
