/** What the commands are of, as messages name it: `ml-api`, which has them, too, sets the variable. */
export const PROGRAM = process.env['ML_SDK_PROGRAM'] ?? 'ml-sdk';
