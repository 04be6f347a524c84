//! What the cells of a sweep come to together: the table, the figures, the last words.

use analysis::sweep::{Axis, Cell, CellRun, Sweep as Measured};

use super::folder::SweepFolder;
use crate::DriverError;
use crate::config::Sweep;
use crate::folder::RunFolder;
use crate::report;
use crate::terminal::Terminal;

/// Writes `summary.csv` and the figures from the folders of the cells, and says where they are.
pub(super) fn write(sweep: &Sweep, folder: &SweepFolder, terminal: Terminal) -> Result<(), DriverError> {
    let cell = |cell: &crate::config::Cell| -> Result<Cell, DriverError> {
        let run = CellRun::read(&folder.cells().join(&cell.folder))?;
        Ok(Cell { name: cell.folder.clone(), at: cell.at.clone(), run })
    };
    let measured = Measured {
        name: sweep.name.clone(),
        axes: sweep.axes.iter().map(|axis| Axis { key: axis.key.to_owned(), values: axis.texts() }).collect(),
        cells: sweep.cells.iter().map(cell).collect::<Result<_, _>>()?,
    };
    folder.write(SweepFolder::SUMMARY, measured.summary()?)?;
    let rendered = measured.render()?;
    let page = report::sweep(folder.root(), sweep, &measured, &rendered);
    folder.write(RunFolder::REPORT, page)?;
    let mut figures = Vec::new();
    for figure in rendered {
        folder.write(&format!("figures/{}.svg", figure.name), &figure.svg)?;
        folder.write(&format!("figures/{}.png", figure.name), &figure.png)?;
        figures.push(figure.name);
    }
    let root = folder.root().display();
    let mut text = format!("\n{}\n", table(&measured));
    text += &format!("results   {root}\n");
    text += &format!("cells     {}\n", folder.cells().display());
    text += &format!("summary   {root}/{}\n", SweepFolder::SUMMARY);
    text += &format!("report    {root}/{}\n", RunFolder::REPORT);
    text += &format!("figures   {root}/figures/*.png: {}", figures.join(", "));
    terminal.summary(text);
    if let [first, others @ ..] = &measured.cells[..]
        && others.iter().any(|cell| cell.run.facts.data_note != first.run.facts.data_note)
        && others.iter().all(|cell| cell.run.facts.source == first.run.facts.source)
    {
        terminal.warn("data.offline: some cells ran on MNIST and some on synthetic digits; they cannot be compared");
    }
    Ok(())
}

/// A line a cell: its mean loss over all timesteps, and beside the Wiener predictor's.
fn table(measured: &Measured) -> String {
    let width = measured.cells.iter().map(|cell| cell.name.len()).max().unwrap_or(0);
    let mut text = format!("{:width$} {:>14} {:>14}\n", "cell", "mean test MSE", "over Wiener's");
    for cell in &measured.cells {
        let mean = cell.run.mean_test_mse();
        let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4e}"));
        let ratio = mean.zip(cell.run.mean_wiener_mse()).map(|(mean, wiener)| mean / wiener);
        let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.4}"));
        text += &format!("{:width$} {:>14} {ratio:>14}\n", cell.name, shown(mean));
    }
    text
}
