export declare function pythonCommand(): string;
